import type { Job } from '../../src/api/generated/batch-v1.ts'
import { jobs, namespaces } from '../../src/api/generated/resources.ts'
import { keyOf } from '../../src/api/object.ts'
import type { Snapshot } from '../../src/store/store.ts'
import type { Finding } from '../inspection.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { World } from '../world.ts'
import { hasCondition } from '../checkers/job-ledger.ts'
import { disturb } from './disturb.ts'
import { jobOf } from './job-template.ts'
import type { Scenario } from './scenario.ts'

const TEAM = 'team'

/**
 * People run Jobs of all kinds on a few nodes, change their minds about some, and delete others in the middle, while the
 * controllers and the scheduler are restarted and clocks are set.
 */
export const jobScenario: Scenario = {
  name: 'job',
  async play(world) {
    const { random } = world
    const size = { cpuMillis: 1000 * random.between(1, 4), memoryBytes: 4 * 2 ** 30, pods: random.between(3, 20) }
    for (let i = random.between(1, 3); i > 0; i--) world.addNode(size).start()
    await world.wait(random.between(0, 3_000))
    await world.user.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: TEAM } })
    const stories = Array.from({ length: random.between(1, 4) }, (_, i) => jobStory(world, randomJob(random, i)))
    const endings = await Promise.all([...stories, disturb(world, 4, 30_000)])
    if (random.chance(0.2)) {
      await world.user.delete(namespaces, { name: TEAM })
      return () => undefined
    }
    const expected = endings.filter((job) => job !== undefined)
    return (snapshot) => missing(snapshot, expected)
  },
}

function randomJob(random: SeededRandom, index: number): Job {
  const completions = random.between(1, 8)
  const indexed = random.chance(0.5)
  const isQueue = !indexed && random.chance(0.15)
  return jobOf({
    namespace: random.chance(0.3) ? TEAM : 'default',
    name: `job${index}`,
    spec: {
      parallelism: random.between(1, 4),
      backoffLimit: random.between(0, 3),
      ...(isQueue ? {} : { completions }),
      ...(indexed ? { completionMode: 'Indexed' } : {}),
      ...(random.chance(0.2) ? { activeDeadlineSeconds: random.between(5, 120) } : {}),
      ...(random.chance(0.2) ? { suspend: true } : {}),
      ...(random.chance(0.2) ? { podReplacementPolicy: 'Failed' } : {}),
    },
    restartPolicy: random.chance(0.2) ? 'OnFailure' : 'Never',
    cpu: random.pick(['100m', '500m', '1']),
    memory: random.pick(['64Mi', '1Gi']),
    seconds: random.pick([1, 10, 60]),
    failPercent: random.chance(0.5) ? 0 : random.pick([10, 50, 100]),
  })
}

/** What becomes of one Job; resolves to it where it must complete in the end. */
async function jobStory(world: World, wanted: Job): Promise<Job | undefined> {
  const { random, user } = world
  await world.wait(random.next() * 20_000)
  const job = await user.create(jobs, wanted)
  if (job.spec?.suspend === true) {
    await world.wait(random.next() * 60_000)
    await edit(world, job, { suspend: false })
  }
  if (random.chance(0.15)) {
    await world.wait(random.next() * 10_000)
    await edit(world, job, { suspend: true })
    await world.wait(random.next() * 60_000)
    await edit(world, job, { suspend: false })
  }
  if (random.chance(0.2)) {
    await world.wait(random.next() * 10_000)
    await edit(world, job, { parallelism: random.between(1, 6) })
  }
  if (random.chance(0.2)) {
    await world.wait(random.next() * 30_000)
    // Orphans that are restarted for ever would keep their room from the others.
    const canOrphan = wanted.spec?.template.spec?.restartPolicy === 'Never'
    const propagationPolicy = random.pick(['Background', 'Foreground', canOrphan ? 'Orphan' : 'Background'] as const)
    await user.delete(jobs, keyOf(job), { propagationPolicy })
    return undefined
  }
  return mustComplete(job) ? job : undefined
}

async function edit({ user }: World, job: Job, spec: Partial<NonNullable<Job['spec']>>): Promise<void> {
  await user.patch(jobs, keyOf(job), { type: 'merge', patch: { spec } })
}

/** Nothing can fail such a Job: its pods succeed, and no clock runs against it. */
function mustComplete({ spec }: Job): boolean {
  const fails = spec?.template.metadata?.annotations?.['sim.shoal.dev/fail-percent'] !== '0'
  return !fails && spec?.activeDeadlineSeconds === undefined
}

export function missing(snapshot: Snapshot, expected: readonly Job[]): Finding | undefined {
  for (const { metadata } of expected) {
    const job = snapshot.get('jobs.batch', `${metadata.namespace}/${metadata.name}`)?.object as Job | undefined
    if (job !== undefined && hasCondition(job, 'Complete')) continue
    const message = `job ${metadata.name} did not complete although nothing failed: ${JSON.stringify(job?.status)}`
    return { checker: 'jobs complete', message }
  }
  return undefined
}
