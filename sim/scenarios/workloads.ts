import {
  deployments,
  namespaces,
  nodes,
  replicationControllers,
  statefulSets,
} from '../../src/api/generated/resources.ts'
import { keyOf } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import { RUN_SECONDS } from '../faults/fickle-runtime.ts'
import type { SeededRandom } from '../seeded-random.ts'
import type { World } from '../world.ts'
import { disturb } from './disturb.ts'
import type { Scenario } from './scenario.ts'

const TEAM = 'team'

/**
 * Deployments, StatefulSets and ReplicationControllers are created, resized, rolled out, paused and deleted while controllers and
 * scheduler are restarted, a node goes for good and perhaps a namespace with all that is in it: what stays has the pods that it
 * wants.
 */
export const workloadsScenario: Scenario = {
  name: 'workloads',
  async play(world) {
    const { random, user } = world
    const size = { cpuMillis: 8000, memoryBytes: 16 * 2 ** 30, pods: 60 }
    const all = Array.from({ length: random.between(2, 3) }, () => world.addNode(size))
    for (const node of all) node.start()
    await user.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: TEAM } })
    await world.wait(random.between(0, 5_000))
    const stories = Array.from({ length: random.between(1, 4) }, (_, i) => story(world, i))
    const [lost] = all.slice(1)
    await Promise.all([...stories, disturb(world, 3, 60_000), perhapsLose(world, lost!)])
    if (random.chance(0.3)) await user.delete(namespaces, { name: TEAM })
    return () => undefined
  },
}

type Kind = readonly [ResourceType, (random: SeededRandom) => object]

const KINDS: readonly Kind[] = [
  [deployments as ResourceType, (random) => ({ strategy: strategyOf(random) })],
  [statefulSets as ResourceType, (random) => ({ serviceName: 'db', ...policyOf(random) })],
  [replicationControllers as ResourceType, () => ({})],
]

/** What becomes of one workload. */
async function story(world: World, index: number): Promise<void> {
  const { random, user } = world
  const [type, details] = random.pick(KINDS)
  const name = `w${index}`
  const isController = type.plural === 'replicationcontrollers'
  const labels = { app: name }
  const object = {
    apiVersion: isController ? 'v1' : 'apps/v1',
    kind: type.kind,
    metadata: { name, namespace: random.chance(0.4) ? TEAM : 'default' },
    spec: {
      replicas: random.between(1, 5),
      selector: isController ? labels : { matchLabels: labels },
      template: { metadata: { labels, annotations: { [RUN_SECONDS]: 'forever' } }, spec: podSpec() },
      ...details(random),
    },
  }
  await world.wait(random.next() * 10_000)
  const created = await user.create(type, object)
  const key = keyOf(created)
  const edit = (spec: object) => user.patch(type, key, { type: 'merge', patch: { spec } })
  for (let i = random.between(0, 3); i > 0; i--) {
    await world.wait(random.next() * 40_000)
    const isResize = isController || random.chance(0.5)
    const metadata = { labels, annotations: { round: String(i) } }
    await edit(isResize ? { replicas: random.between(0, 6) } : { template: { metadata } })
  }
  if (!random.chance(0.2)) return
  await world.wait(random.next() * 20_000)
  await user.delete(type, key, { propagationPolicy: random.pick(['Background', 'Foreground'] as const) })
}

function podSpec(): object {
  const resources = { requests: { cpu: '100m', memory: '64Mi' } }
  const tolerations = ['not-ready', 'unreachable'].map((reason) => {
    return { key: `node.kubernetes.io/${reason}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 }
  })
  return { containers: [{ name: 'main', image: 'main', resources }], tolerations, terminationGracePeriodSeconds: 1 }
}

function strategyOf(random: SeededRandom): object {
  if (random.chance(0.2)) return { type: 'Recreate' }
  const rollingUpdate = random.pick([{ maxSurge: 1, maxUnavailable: 0 }, { maxSurge: 0, maxUnavailable: 1 }, {}])
  return { type: 'RollingUpdate', rollingUpdate }
}

function policyOf(random: SeededRandom): object {
  return random.chance(0.3) ? { podManagementPolicy: 'Parallel' } : {}
}

async function perhapsLose(world: World, node: { readonly name: string; kill(): void }): Promise<void> {
  const { random, user } = world
  if (!random.chance(0.4)) return
  await world.wait(random.next() * 60_000)
  node.kill()
  await world.wait(random.next() * 120_000)
  await user.delete(nodes, { name: node.name })
}
