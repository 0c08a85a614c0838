import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { BUILT_IN_RESOURCES } from '../../src/api/generated/resources.ts'
import type { KubeObject, ObjectKey } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import type { Client, Patch } from '../../src/client/client.ts'
import { sleep } from '../../src/env/clock.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { comparable, COMPARED } from './comparable.ts'
import type { Comparison, Leniency } from './comparable.ts'

/** What was applied to a real cluster, what was done to it then, and what it settled into. */
export interface Scenario {
  readonly objects: readonly KubeObject[]
  /** Arguments of kubectl, or seconds that were waited. */
  readonly steps: readonly (readonly string[] | number)[]
  readonly settled: readonly KubeObject[]
}

const NAMESPACE = 'default'
const POLL_MS = 50
const env = systemEnvironment('error')

export function readScenario(name: string): Scenario {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as Scenario
}

/** Applies a scenario and waits until the cluster has settled into `wanted`; returns what it has settled into at last. */
export async function play(
  client: Client,
  { objects, steps }: Scenario,
  wanted: Comparison,
  leniency: Leniency,
  patienceMs: number,
): Promise<Comparison> {
  for (const object of objects) {
    const metadata = { ...object.metadata, namespace: NAMESPACE }
    await client.create(typeOf(object.kind), { ...object, metadata })
  }
  for (const step of steps) if (typeof step !== 'number') await take(client, step, patienceMs)
  const endMs = env.clock.monotonicMs() + patienceMs
  for (;;) {
    const reached = comparable(await objectsOf(client), leniency)
    if (isDeepStrictEqual(reached, wanted) || env.clock.monotonicMs() > endMs) return reached
    await sleep(env.timers, POLL_MS)
  }
}

async function objectsOf(client: Client): Promise<KubeObject[]> {
  const types = [...COMPARED, 'Event'].map(typeOf)
  const lists = await Promise.all(types.map((type) => client.list(type, { namespace: NAMESPACE })))
  return lists.flatMap(({ items }, i) => items.map((item) => ({ ...item, kind: types[i]!.kind })))
}

function typeOf(kind: string): ResourceType {
  const type = BUILT_IN_RESOURCES.find((one) => one.kind === kind && one.group !== 'events.k8s.io')
  if (type === undefined) throw new Error(`no resource of kind ${kind}`)
  return type
}

/** The verbs of kubectl that change or await something. */
async function take(client: Client, [verb, ...args]: readonly string[], patienceMs: number): Promise<void> {
  const target = args.find((arg) => arg.includes('/'))
  const [plural = '', name = ''] = target?.split('/') ?? []
  const type = BUILT_IN_RESOURCES.find((one) => [one.plural, one.singular, ...one.shortNames].includes(plural))
  if (type === undefined) throw new Error(`no resource ${plural}`)
  const key: ObjectKey = { namespace: NAMESPACE, name }
  if (verb === 'delete') return void (await client.delete(type, key))
  if (verb === 'wait') {
    const condition = args.find((arg) => arg.startsWith('--for=condition='))?.slice('--for=condition='.length) ?? ''
    return untilSo(client, type, key, patienceMs, (object) => hasCondition(object, condition))
  }
  if (verb === 'rollout' && args[0] === 'status') return untilSo(client, type, key, patienceMs, isRolledOut)
  const patch = patchOf(verb, args)
  if (patch === undefined) throw new Error(`cannot take the step ${verb} ${args.join(' ')}`)
  await client.patch(type, key, patch)
}

function patchOf(verb: string | undefined, args: readonly string[]): Patch | undefined {
  const settings = args.filter((arg) => arg.includes('=') && !arg.startsWith('--')).map((arg) => arg.split('=') as [string, string])
  const [[name, value] = ['', '']] = settings
  const template = (containers: unknown) => ({ spec: { template: { spec: { containers } } } })
  const flag = (flagName: string) => args.find((arg) => arg.startsWith(`--${flagName}=`))?.slice(flagName.length + 3)
  switch (`${verb} ${args[0]}`) {
    case 'set env':
      return { type: 'strategic', patch: template([{ name: 'main', env: [{ name, value }] }]) }
    case 'set image':
      return { type: 'strategic', patch: template([{ name, image: value }]) }
    case 'rollout pause':
    case 'rollout resume':
      return { type: 'merge', patch: { spec: { paused: args[0] === 'pause' } } }
    default:
      if (verb === 'scale') return { type: 'merge', patch: { spec: { replicas: Number(flag('replicas')) } } }
      if (verb === 'label') return { type: 'merge', patch: { metadata: { labels: Object.fromEntries(settings) } } }
      if (verb !== 'patch') return undefined
      return { type: 'merge', patch: JSON.parse(flag('patch') ?? args[args.indexOf('-p') + 1] ?? '{}') as unknown }
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

function hasCondition(object: KubeObject, name: string): boolean {
  const { conditions = [] } = (object as Reported).status ?? {}
  return conditions.some(({ type, status }) => type.toLowerCase() === name.toLowerCase() && status === 'True')
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
