import type { Pod } from '../../src/api/generated/core-v1.ts'
import { namespaces, nodes, pods, priorityClasses, serviceAccounts } from '../../src/api/generated/resources.ts'
import { hasReason } from '../../src/api/meta/status.ts'
import { BATCH, WEIGHT } from '../../src/placement/fair-share.ts'
import { GANG, GANG_DEADLINE, GANG_SIZE } from '../../src/placement/gang.ts'
import { CheckFailed } from '../checkers/checker.ts'
import { checkRoomIsUsed } from '../checkers/room-used.ts'
import { RUN_SECONDS } from '../faults/fickle-runtime.ts'
import type { Finding } from '../inspection.ts'
import type { World } from '../world.ts'
import { disturb } from './disturb.ts'
import type { Scenario } from './scenario.ts'

const PRIORITIES = { low: 10, middle: 100, high: 1000 } as const
const TEAMS = { small: 1, large: 3 } as const
/** By then every pause has passed but the scheduler's sweep for what it forgot. */
const QUIET_MS = 120_000

/**
 * More pods than there is room for, of several priorities, some in gangs and some as batch work of namespaces that share by weight, come
 * and go while the scheduler is restarted and a node is lost: in the end nobody waits for room that is there.
 */
export const contentionScenario: Scenario = {
  name: 'contention',
  async play(world) {
    const { random } = world
    const size = { cpuMillis: 4000, memoryBytes: 16 * 2 ** 30, pods: random.between(6, 20) }
    const all = Array.from({ length: random.between(2, 3) }, () => world.addNode(size))
    for (const node of all) node.start()
    await prepare(world)
    const arrivals = Array.from({ length: random.between(10, 25) }, (_, i) => arrive(world, `p${i}`))
    const gangs = Array.from({ length: random.between(0, 3) }, (_, i) => arriveTogether(world, `g${i}`))
    await Promise.all([...arrivals, ...gangs, disturb(world, 2, 60_000), perhapsLoseNode(world, all[1]!.name)])
    world.calmDown()
    await world.wait(QUIET_MS)
    const found = findingOf(world)
    return () => found
  },
}

async function prepare({ user }: World): Promise<void> {
  for (const [name, value] of Object.entries(PRIORITIES)) {
    const metadata = { name }
    await user.create(priorityClasses, { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata, value })
  }
  for (const [name, weight] of Object.entries(TEAMS)) {
    const metadata = { name, labels: { [WEIGHT]: String(weight) } }
    await user.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata })
  }
  // Nobody's pods are to wait for the controller that makes these.
  for (const namespace of ['default', ...Object.keys(TEAMS)]) {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }
    await ignoring('AlreadyExists', user.create(serviceAccounts, account))
  }
}

function podOf(
  world: World,
  name: string,
  namespace: string,
  extra: Pick<Pod['metadata'], 'labels' | 'annotations'>,
): Pod {
  const cpu = `${world.random.pick([250, 500, 1000, 2000])}m`
  const { annotations, ...metadata } = extra
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...metadata, annotations: { ...annotations, [RUN_SECONDS]: 'forever' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'app', resources: { requests: { cpu } } }],
    },
  } as Pod
}

/** A pod that comes at some time, and may be deleted later. */
async function arrive(world: World, name: string): Promise<void> {
  const { random, user } = world
  const isBatch = random.chance(0.4)
  const namespace = isBatch ? random.pick(['small', 'large']) : 'default'
  const pod = podOf(world, name, namespace, isBatch ? { labels: { [BATCH]: 'true' } } : {})
  // Shares are between pods of one priority.
  const priorityClassName = isBatch ? 'low' : random.pick(['low', 'middle', 'high'])
  await world.wait(random.next() * 60_000)
  await user.create(pods, { ...pod, spec: { ...pod.spec!, priorityClassName } })
  if (!random.chance(0.3)) return
  await world.wait(random.next() * 60_000)
  // It may have been preempted.
  await ignoring('NotFound', user.delete(pods, { namespace, name }))
}

async function ignoring(reason: 'AlreadyExists' | 'NotFound', action: Promise<unknown>): Promise<void> {
  await action.catch((error: unknown) => {
    if (!hasReason(error, reason)) throw error
  })
}

async function arriveTogether(world: World, gang: string): Promise<void> {
  const { random, user } = world
  const count = random.between(2, 4)
  const annotations = { [GANG_SIZE]: String(count), [GANG_DEADLINE]: '30s' }
  await world.wait(random.next() * 60_000)
  for (let i = 0; i < count; i++) {
    const pod = podOf(world, `${gang}-${i}`, 'default', { labels: { [GANG]: gang }, annotations })
    await user.create(pods, { ...pod, spec: { ...pod.spec!, priorityClassName: 'middle' } })
    await world.wait(random.next() * 1_000)
  }
}

async function perhapsLoseNode(world: World, name: string): Promise<void> {
  const { random, user } = world
  if (!random.chance(0.3)) return
  await world.wait(random.next() * 60_000)
  world.nodes.get(name)?.kill()
  await world.wait(random.next() * 30_000)
  await user.delete(nodes, { name })
}

function findingOf({ store }: World): Finding | undefined {
  try {
    checkRoomIsUsed(store.durable())
    return undefined
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error
    return { checker: 'room is used', message: error.message }
  }
}
