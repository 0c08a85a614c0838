import { jobs, nodes } from '../../src/api/generated/resources.ts'
import type { Job } from '../../src/api/generated/batch-v1.ts'
import type { Part } from '../part.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { World } from '../world.ts'
import { disturb } from './disturb.ts'
import { jobOf } from './job-template.ts'
import { missing } from './job.ts'
import type { Scenario } from './scenario.ts'

/**
 * Jobs run while nodes die, lose their network, come back late, or never: their pods are evicted once they no longer
 * tolerate it and replaced elsewhere, and every Job completes all the same.
 */
export const nodeLifecycleScenario: Scenario = {
  name: 'node-lifecycle',
  async play(world) {
    const { random, user } = world
    const size = { cpuMillis: 1000 * random.between(1, 3), memoryBytes: 4 * 2 ** 30, pods: 20 }
    const all = Array.from({ length: random.between(2, 4) }, () => world.addNode(size))
    for (const node of all) node.start()
    await world.wait(random.between(0, 5_000))
    const created: Job[] = []
    for (let i = random.between(1, 3); i > 0; i--) created.push(await user.create(jobs, longJob(random, i)))
    // One node is always left for the work.
    await Promise.all([...all.slice(1).map((node) => nodeStory(world, node)), disturb(world, 2, 120_000)])
    return (snapshot) => missing(snapshot, created)
  },
}

/** Evictions count as failures, so the limit leaves room for as many as there can be. */
function longJob(random: SeededRandom, index: number): Job {
  return jobOf({
    namespace: 'default',
    name: `job${index}`,
    spec: {
      parallelism: random.between(1, 4),
      completions: random.between(1, 6),
      backoffLimit: 1000,
      ...(random.chance(0.5) ? { completionMode: 'Indexed' } : {}),
      ...(random.chance(0.2) ? { podReplacementPolicy: 'Failed' } : {}),
    },
    cpu: random.pick(['100m', '500m']),
    memory: '64Mi',
    seconds: random.pick([30, 120, 300]),
    failPercent: 0,
    ...(random.chance(0.7) ? { tolerateLostSeconds: random.between(0, 30) } : {}),
  })
}

async function nodeStory(world: World, node: Part): Promise<void> {
  const { random } = world
  for (let i = random.between(0, 2); i > 0; i--) {
    await world.wait(random.next() * 90_000)
    const how = random.pick(['dies', 'is cut off', 'never comes back'] as const)
    if (how === 'never comes back') return await lose(world, node)
    if (how === 'dies') node.kill()
    else node.cut()
    await world.wait(random.next() * random.pick([5_000, 120_000, 400_000]))
    if (how === 'dies') node.start()
    else node.mend()
  }
}

/** A machine that is gone for good: somebody deletes its node when they find out. */
async function lose(world: World, node: Part): Promise<void> {
  node.kill()
  await world.wait(world.random.next() * 400_000)
  await world.user.delete(nodes, { name: node.name })
}
