import type { Namespace, Pod } from '../../api/generated/core-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { RemoveOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import { DEFINITIONS, terminatingDefinition } from '../custom/definition-status.ts'
import type { ServedResource } from './served-resource.ts'

/** What a DELETE does to an object: takes it away, marks it, or finds that all is under way already. */
export type DeletionPlan =
  { readonly type: 'delete' | 'update'; readonly object: KubeObject } | { readonly type: 'keep' }

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'

/** Kubernetes' rules of deletion, from the object and the options alone. */
export function planDeletion(
  resource: ServedResource,
  object: KubeObject,
  options: RemoveOptions,
  nowMs: number,
): DeletionPlan {
  if (resource.storage === 'namespaces') return planNamespace(object as Namespace, options, nowMs)
  if (resource.storage === DEFINITIONS && object.metadata.deletionTimestamp === undefined) {
    return { type: 'update', object: terminatingDefinition(object, nowMs) }
  }
  const finalizers = finalizersFor(object, options, resource.strategy.defaultPropagation)
  const graceSeconds = resource.strategy.deletesGracefully ? graceOf(object as Pod, options) : 0
  const marked = withDeletion(object, graceSeconds, nowMs)
  const kept = finalizers.length > 0 || (marked.metadata.deletionGracePeriodSeconds ?? 0) > 0
  // Only what may linger is marked: other objects are seen last as they were.
  if (!kept) return { type: 'delete', object: resource.strategy.deletesGracefully ? marked : object }
  const current = object.metadata.finalizers ?? []
  const sameFinalizers = current.length === finalizers.length && current.every((one, i) => one === finalizers[i])
  if (marked === object && sameFinalizers) return { type: 'keep' }
  return { type: 'update', object: sameFinalizers ? marked : withFinalizers(marked, finalizers) }
}

/** A namespace is marked, and goes when its `spec.finalizers` are gone: its content has then been deleted. */
function planNamespace(namespace: Namespace, options: RemoveOptions, nowMs: number): DeletionPlan {
  const { metadata, spec } = namespace
  const finalizers = finalizersFor(namespace, options, 'Background')
  if (metadata.deletionTimestamp !== undefined) {
    const waits = (spec?.finalizers ?? []).length > 0 || finalizers.length > 0
    return waits ? { type: 'keep' } : { type: 'delete', object: namespace }
  }
  const marked = {
    ...withFinalizers(namespace, finalizers),
    status: { ...namespace.status, phase: 'Terminating' },
  }
  const object = { ...marked, metadata: { ...marked.metadata, deletionTimestamp: formatTime(nowMs) } }
  return { type: 'update', object }
}

/** How long a pod has to end, in seconds: nothing where nobody runs it any more, or yet. */
function graceOf({ spec, status }: Pod, { gracePeriodSeconds }: RemoveOptions): number {
  if (!spec?.nodeName || status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0
  const seconds = gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30
  return seconds < 0 ? 1 : seconds
}

/**
 * The object with the mark of its deletion. One that has it already may only come to its end sooner; the same object is
 * returned where nothing changes.
 */
function withDeletion(object: KubeObject, graceSeconds: number, nowMs: number): KubeObject {
  const { metadata } = object
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, generation } = metadata
  if (deletionTimestamp !== undefined) {
    if (graceSeconds >= deletionGracePeriodSeconds) return object
    const began = Date.parse(deletionTimestamp) - millisecondsOf(deletionGracePeriodSeconds)
    const ends = formatTime(graceSeconds === 0 ? nowMs : began + millisecondsOf(graceSeconds))
    return { ...object, metadata: { ...metadata, deletionTimestamp: ends, deletionGracePeriodSeconds: graceSeconds } }
  }
  const marks = {
    deletionTimestamp: formatTime(nowMs + millisecondsOf(graceSeconds)),
    deletionGracePeriodSeconds: graceSeconds,
    ...(generation !== undefined && generation > 0 && { generation: following(generation) }),
  }
  return { ...object, metadata: { ...metadata, ...marks } }
}

/** A duration as Go has it: 64 bits of nanoseconds, which wrap around. */
const millisecondsOf = (seconds: number | bigint): number =>
  Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n) / 1_000_000n)

/** A generation that a client set may be beyond what doubles hold. */
const following = (generation: number | bigint): number =>
  typeof generation === 'bigint' ? (BigInt.asIntN(64, generation + 1n) as unknown as number) : generation + 1

/** The finalizers that the propagation policy wants: those of the garbage collector come and go with it. */
function finalizersFor(
  { metadata }: KubeObject,
  { propagationPolicy }: RemoveOptions,
  fallback: 'Background' | 'Orphan' | 'none',
): readonly string[] {
  const current = metadata.finalizers ?? []
  const own = current.some((one) => one === ORPHAN || one === FOREGROUND)
  if (fallback === 'none') return current
  const policy = propagationPolicy ?? (own ? undefined : fallback)
  if (policy === undefined) return current
  const others = current.filter((one) => one !== ORPHAN && one !== FOREGROUND)
  if (policy === 'Orphan') return [...others, ORPHAN]
  return policy === 'Foreground' ? [...others, FOREGROUND] : others
}

function withFinalizers<T extends KubeObject>(object: T, finalizers: readonly string[]): T {
  const { finalizers: _, ...metadata } = object.metadata
  return { ...object, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } }
}
