import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { events } from '../../src/api/generated/resources.ts'
import type { KubeObject, ObjectKey } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import type { Client, Patch } from '../../src/client/client.ts'
import { sleep } from '../../src/env/clock.ts'
import type { Environment } from '../../src/env/environment.ts'
import { comparable, COMPARED } from './comparable.ts'
import type { Comparison, Leniency } from './comparable.ts'
import { create, resourceOf, typeOf } from './resources.ts'
import { takeOfNodes } from './node-steps.ts'
import { startSimulatedNodes } from './simulated-node.ts'
import type { NodePlan } from './simulated-node.ts'
import { steadyEnvironment } from './steady-environment.ts'

/** What was applied to a real cluster, what was done to it then, and what it settled into. */
export interface Scenario {
  /** Simulated nodes that it has for itself. */
  readonly nodes?: readonly NodePlan[]
  /** Kinds that are compared beside those that always are. */
  readonly also?: readonly string[]
  readonly objects: readonly KubeObject[]
  /** Arguments of kubectl, or seconds that were waited. */
  readonly steps: readonly (readonly string[] | number)[]
  readonly settled: readonly KubeObject[]
}

const POLL_MS = 50
const env = steadyEnvironment()

export function readScenario(name: string): Scenario {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as Scenario
}

/**
 * Applies a scenario in `namespace` and waits until that has settled into `wanted`; returns what it has settled into at last.
 */
export async function play(
  client: Client,
  { objects, steps }: Scenario,
  wanted: Comparison,
  leniency: Leniency,
  patienceMs: number,
  namespace = 'default',
): Promise<Comparison> {
  for (const object of objects) await create(client, object, namespace)
  for (const step of steps) if (typeof step !== 'number') await take(client, step, patienceMs, namespace)
  return untilSettled(() => objectsOf(client, namespace), wanted, leniency, patienceMs)
}

/** A scenario with nodes of its own, in a cluster of its own whose time `pace` may be faster than the machine's. */
export async function playOnNodes(
  { client, pace }: { readonly client: Client; readonly pace: Environment },
  { objects, steps, nodes: plans = [], also = [] }: Scenario,
  wanted: Comparison,
  patienceMs: number,
  namespace: string,
): Promise<Comparison> {
  await using nodes = await startSimulatedNodes(pace, client, plans)
  const named = <T>(part: T): T => JSON.parse(JSON.stringify(part).replaceAll('{{ns}}', namespace)) as T
  // What is refused is part of the scenario.
  for (const object of objects) await create(client, named(object), namespace).catch(() => {})
  for (const step of steps.map(named)) {
    if (typeof step === 'number') await sleep(pace.timers, step * 1000)
    else if (step[0] === 'node') await (step[1] === 'stop' ? nodes.stop(step[2]!) : nodes.start(step[2]!))
    else if (!(await takeOfNodes(client, step, namespace))) await take(client, step, patienceMs, namespace)
  }
  const look = async () => {
    const said = await client.list(events, { namespace: 'default' })
    return [...(await objectsOf(client, namespace, also)), ...said.items.map((item) => ({ ...item, kind: 'Event' }))]
  }
  return untilSettled(look, wanted, { also }, patienceMs)
}

async function untilSettled(
  look: () => Promise<readonly KubeObject[]>,
  wanted: Comparison,
  leniency: Leniency,
  patienceMs: number,
): Promise<Comparison> {
  const endMs = env.clock.monotonicMs() + patienceMs
  for (;;) {
    const reached = comparable(await look(), leniency)
    if (isDeepStrictEqual(reached, wanted) || env.clock.monotonicMs() > endMs) return reached
    await sleep(env.timers, POLL_MS)
  }
}

async function objectsOf(client: Client, namespace: string, also: readonly string[] = []): Promise<KubeObject[]> {
  const types = [...COMPARED, ...also, 'Event'].map((kind) => typeOf(kind))
  const lists = await Promise.all(types.map((type) => client.list(type, type.namespaced ? { namespace } : {})))
  return lists.flatMap(({ items }, i) => items.map((item) => ({ ...item, kind: types[i]!.kind })))
}

/** The verbs of kubectl that change or await something. */
async function take(
  client: Client,
  [verb, ...args]: readonly string[],
  patienceMs: number,
  namespace: string,
): Promise<void> {
  const [target, ...others] = args.filter((arg) => /^[a-z]+\/[a-z0-9-]+$/.test(arg))
  // What is said of several is said of each.
  for (const other of others) await take(client, [verb!, ...args.filter((arg) => !arg.includes('/') || arg === other)], patienceMs, namespace)
  const [plural = '', name = ''] = target?.split('/') ?? []
  const type = resourceOf(plural)
  const key: ObjectKey = type.namespaced ? { namespace, name } : { name }
  if (verb === 'delete') return await remove(client, type, key, args, patienceMs)
  if (verb === 'wait') {
    if (args.includes('--for=delete')) return await untilGone(client, type, key, patienceMs)
    const path = /^--for=jsonpath=\{\.(.*)\}=(.*)$/.exec(args.find((arg) => arg.startsWith('--for=')) ?? '')
    if (path !== null) return untilSo(client, type, key, patienceMs, (object) => valueAt(object, path[1]!) === path[2])
    const [condition, status] = (args.find((arg) => arg.startsWith('--for=condition='))?.slice('--for=condition='.length) ?? '').split('=')
    return untilSo(client, type, key, patienceMs, (object) => hasCondition(object, condition!, status))
  }
  if (verb === 'rollout' && args[0] === 'status') return untilSo(client, type, key, patienceMs, isRolledOut)
  const patch = patchOf(verb, args)
  if (patch === undefined) throw new Error(`cannot take the step ${verb} ${args.join(' ')}`)
  await client.patch(type, key, patch)
}

/** As kubectl, which waits until the object is gone, or is another of the same name. */
async function remove(
  client: Client,
  type: ResourceType,
  key: ObjectKey,
  args: readonly string[],
  patienceMs: number,
): Promise<void> {
  const { uid } = (await client.get(type, key)).metadata
  const isOrphaning = args.includes('--cascade=orphan')
  await client.delete(type, key, { propagationPolicy: isOrphaning ? 'Orphan' : 'Background' })
  if (args.includes('--wait=false')) return
  const isGone = async () => (await client.get(type, key).catch(() => undefined))?.metadata.uid !== uid
  const endMs = env.clock.monotonicMs() + patienceMs
  while (!(await isGone()) && env.clock.monotonicMs() < endMs) await sleep(env.timers, POLL_MS)
}

async function untilGone(client: Client, type: ResourceType, key: ObjectKey, patienceMs: number): Promise<void> {
  const endMs = env.clock.monotonicMs() + patienceMs
  const isThere = () =>
    client.get(type, key).then(
      () => true,
      () => false,
    )
  while ((await isThere()) && env.clock.monotonicMs() < endMs) await sleep(env.timers, POLL_MS)
}

function valueAt(object: KubeObject, path: string): string {
  const value = path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], object)
  return String(value)
}

function patchOf(verb: string | undefined, args: readonly string[]): Patch | undefined {
  const settings = args.filter((arg) => arg.includes('=') && !/^--|\{/.test(arg)).map((arg) => arg.split('=') as [string, string])
  const [[name, value] = ['', '']] = settings
  const template = (containers: unknown) => ({ spec: { template: { spec: { containers } } } })
  const flag = (flagName: string) => args.find((arg) => arg.startsWith(`--${flagName}=`))?.slice(flagName.length + 3)
  switch (`${verb} ${args[0]}`) {
    case 'rollout restart': {
      const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date(env.clock.now()).toISOString() }
      return { type: 'merge', patch: { spec: { template: { metadata: { annotations } } } } }
    }
    case 'set env':
      return { type: 'strategic', patch: template([{ name: 'main', env: [{ name, value }] }]) }
    case 'set resources': {
      const [, requests = ''] = (args.find((arg) => arg.startsWith('--requests=')) ?? '').split('--requests=')
      const resources = { requests: Object.fromEntries(requests.split(',').map((part) => part.split('='))) }
      return { type: 'strategic', patch: template([{ name: 'main', resources }]) }
    }
    case 'set image':
      return { type: 'strategic', patch: template([{ name, image: value }]) }
    case 'rollout pause':
    case 'rollout resume':
      return { type: 'merge', patch: { spec: { paused: args[0] === 'pause' } } }
    default:
      if (verb === 'scale') return { type: 'merge', patch: { spec: { replicas: Number(flag('replicas')) } } }
      if (verb === 'annotate') return { type: 'merge', patch: { metadata: { annotations: Object.fromEntries(settings) } } }
      if (verb === 'label') return { type: 'merge', patch: { metadata: { labels: Object.fromEntries(settings) } } }
      if (verb !== 'patch') return undefined
      return { type: flag('type') === 'json' ? 'json' : 'merge', patch: JSON.parse(flag('patch') ?? args[args.indexOf('-p') + 1] ?? '{}') } as Patch
  }
}

async function untilSo(
  client: Client,
  type: ResourceType,
  key: ObjectKey,
  patienceMs: number,
  isSo: (object: KubeObject) => boolean,
): Promise<void> {
  const endMs = env.clock.monotonicMs() + patienceMs
  while (!isSo(await client.get(type, key)) && env.clock.monotonicMs() < endMs) await sleep(env.timers, POLL_MS)
}

interface Reported extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly completions?: number }
  readonly status?: Readonly<Record<string, unknown>> & {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[]
  }
}

function hasCondition(object: KubeObject, name: string, wanted = 'True'): boolean {
  const { conditions = [] } = (object as Reported).status ?? {}
  return conditions.some(({ type, status }) => type.toLowerCase() === name.toLowerCase() && status === wanted)
}

function isRolledOut(object: KubeObject): boolean {
  const { status = {}, spec, metadata } = object as Reported
  if (status['observedGeneration'] !== metadata.generation) return false
  if (object.kind === 'DaemonSet') {
    const wanted = Number(status['desiredNumberScheduled'] ?? 0)
    return wanted > 0 && ['updatedNumberScheduled', 'numberAvailable'].every((name) => status[name] === wanted)
  }
  const fields = ['replicas', 'updatedReplicas', 'availableReplicas']
  return fields.every((name) => (status[name] ?? 0) === (spec?.replicas ?? 1))
}
