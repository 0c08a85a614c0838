import type { Event, Node } from '../../src/api/generated/core-v1.ts'
import type { KubeObject } from '../../src/api/object.ts'

/** Kinds whose objects are looked at; all others, such as tokens and leases, come and go with the cluster. */
export const COMPARED = [
  'Pod',
  'Deployment',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'ControllerRevision',
  'EndpointSlice',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'PersistentVolumeClaim',
] as const

export interface Comparison {
  /** Objects in a form in which two runs are alike, in an order that does not depend on names. */
  readonly objects: readonly unknown[]
  /** What was said, each thing once, in order of the text. */
  readonly events: readonly string[]
}

/** What of an object may differ in `comparable` beyond what differs with every run. */
export interface Leniency {
  /** Fields that are left out wherever they stand, such as `readinessProbe` where nothing runs that could be probed. */
  readonly without?: readonly string[]
  /** Events that are left out: such as that nobody listens yet, which a busy machine says and an idle one does not. */
  readonly withoutEvents?: RegExp
  /** Kinds that are compared beside those that always are. */
  readonly also?: readonly string[]
}

/**
 * The objects and events of a namespace with placeholders in place of what differs with every run: names that were generated,
 * hashes, uids, times, addresses. Both sides of a comparison go through it, so that a placeholder of a recording and a value of
 * ours become the same.
 */
export function comparable(all: readonly KubeObject[], leniency: Leniency = {}): Comparison {
  const rename = renamer(all)
  const kinds: readonly string[] = [...COMPARED, ...(leniency.also ?? [])]
  const compared = all.filter(({ kind, metadata }) => kinds.includes(kind) && metadata.name !== 'kubernetes')
  const objects = compared.map((object) => rename(JSON.stringify(shown(object), replacer(object.kind, leniency))))
  const events = all.filter((one) => isAboutWork(one, kinds.includes('Node')))
  const lines = events.map((one) => rename(lineOf(one)))
  return {
    objects: objects.map((text) => sorted(JSON.parse(text) as unknown)).sort(byText),
    events: [...new Set(lines)].filter((line) => leniency.withoutEvents?.test(line) !== true).sort(),
  }
}

/** Said of nodes where a look every five seconds happens to see that they came or went. */
const COMES_AND_GOES = new Set(['RegisteredNode', 'RemovingNode'])

/** What is said of nodes is the cluster's own affair, unless nodes are looked at. */
function isAboutWork(one: KubeObject, withNodes: boolean): one is Event {
  if (one.kind !== 'Event') return false
  const { involvedObject, reason = '' } = one as Event
  return involvedObject.kind !== 'Node' || (withNodes && !COMES_AND_GOES.has(reason))
}

/** Of a node, what is decided about it; its machine says the rest. */
function shown(object: KubeObject): unknown {
  if (object.kind !== 'Node') return object
  const { metadata, spec, status } = object as Node
  const { name, labels } = metadata
  const { taints, unschedulable } = spec ?? {}
  return { kind: object.kind, metadata: { name, labels }, spec: { taints, unschedulable }, status: { conditions: status?.conditions } }
}

function lineOf({ type, reason, message, action = '', reportingComponent, involvedObject, related }: Event): string {
  const { kind, name, fieldPath = '' } = involvedObject
  const other = related === undefined ? '' : ` with ${related.kind}/${related.name}`
  return `${reportingComponent} ${type} ${reason}${action === '' ? '' : ` by ${action}`} ${kind}/${name}${other} ${fieldPath} ${message}`
}

/** Timing decides how often a rollout was looked at, and so how many versions of its sets there were. */
const VARIABLE_GENERATIONS = new Set(['Deployment', 'ReplicaSet', 'EndpointSlice'])
const GENERATED = new Set(['uid', 'controllerRevision', 'containerID', 'pod-template-generation'])
/** What Kubernetes orders by hashes. */
const UNORDERED = new Set(['endpoints', 'ports'])
const ADDRESSES = new Set(['podIP', 'hostIP', 'ip'])
const DROPPED = new Set(['managedFields', 'resourceVersion', 'endpoints.kubernetes.io/last-change-trigger-time'])

function replacer(kind: string, { without = [] }: Leniency) {
  const dropped = new Set([...DROPPED, ...without])
  return (key: string, value: unknown): unknown => {
    if (value === null || value === undefined) return value
    if (dropped.has(key) || key.startsWith('simulated.shoal.dev/')) return undefined
    if (/generation$/i.test(key) && VARIABLE_GENERATIONS.has(kind)) return undefined
    if (/(Time|At|[Tt]imestamp|timeAdded)$/.test(key)) return '<time>'
    if (/hash$/i.test(key)) return '<hash>'
    if (GENERATED.has(key) || /(^|\/)controller-uid$/.test(key)) return `<${key}>`
    if (key === 'imageID') return value === '' ? '' : '<digest>'
    if (key === 'image') return String(value).replace(/^docker\.io\/library\//, '')
    if (ADDRESSES.has(key)) return '<ip>'
    if (key === 'addresses') return ['<ip>']
    if ((kind === 'EndpointSlice' || kind === 'Endpoints') && UNORDERED.has(key) && Array.isArray(value)) return value.toSorted(byText)
    if (key === 'matchFields') return '<node>'
    if (key === 'nodeName' || key === 'namespace') return `<${key}>`
    if (key === 'message' && typeof value === 'string') return value.replace(/pod=\S+/, 'pod=<pod>').replace(/back-off \S+ /, 'back-off <duration> ')
    return withoutEmpty(value)
  }
}

/** Empty annotations and labels are the same as none. */
function withoutEmpty(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const isEmpty = ([key, one]: [string, unknown]) =>
    (key === 'annotations' || key === 'labels') &&
    Object.keys((one ?? {}) as object).filter((name) => !name.startsWith('simulated.shoal.dev/') && !DROPPED.has(name)).length === 0
  return Object.fromEntries(Object.entries(value).filter((entry) => !isEmpty(entry)))
}

/** Of those that may be gone by now events still tell, and of what was generated from their names. */
const OWNERS = new Set(['Deployment', 'Job', 'CronJob', 'DaemonSet', 'StatefulSet', 'ReplicationController'])

/** Replaces what was generated in names, wherever the names stand: a pod's suffix, a set's hash. */
function renamer(all: readonly KubeObject[]): (text: string) => string {
  const names = new Map<string, string>()
  const roots = new Set<string>()
  for (const object of all) {
    const { kind, metadata } = object
    const { name = '', generateName, labels = {}, namespace } = metadata
    if (namespace !== undefined && namespace !== '') names.set(`${namespace}/`, '<namespace>/')
    const hash = labels['pod-template-hash'] ?? labels['controller-revision-hash']
    if (kind === 'ControllerRevision') names.set(name, name.replace(/-[^-]+$/, '-<hash>'))
    if (kind === 'Event' && OWNERS.has((object as Event).involvedObject.kind ?? '')) roots.add((object as Event).involvedObject.name ?? '')
    if (kind === 'ReplicaSet' || kind === 'ControllerRevision') roots.add(name.replace(/-[^-]+$/, ''))
    else if (kind !== 'Pod' && kind !== 'Event') roots.add(name)
    if (hash !== undefined && !hash.startsWith('<')) names.set(hash, '<hash>')
    const isOrdinal = metadata.ownerReferences?.some((owner) => owner.kind === 'StatefulSet') === true
    if (generateName !== undefined && !isOrdinal && kind !== 'Event') names.set(name, `${generateName}<random>`)
  }
  // Longer names first: one may begin with another.
  const ordered = [...names].sort(([a], [b]) => b.length - a.length)
  return (text) => {
    let result = text
    for (const [name, placeholder] of ordered) if (name !== '') result = result.replaceAll(name, placeholder)
    for (const root of roots) result = withoutSuffixes(result, root)
    return result
      // The minute that a CronJob's Job was made for.
      .replace(/-\d{8}\b/g, '-<minute>')
      .replace(/<hash>-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '<hash>-<random>')
      .replace(/kube-api-access-[\w<>]+/g, 'kube-api-access')
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
      .replace(/\b(to|on) (node-?\d+\b|localhost$)/g, '$1 <node>')
      .replace(/\b10(\.\d+){3}:/g, '<ip>:')
      .replace(/_(default|\{\{ns\}\})\(/g, '_<namespace>(')
      .replace(/<(pod-template-hash|controller-revision-hash)>/g, '<hash>')
      .replace(/(\{\{ns\}\})\//g, '<namespace>/')
  }
}

/** Names of what is gone by now: only events still tell of them. */
function withoutSuffixes(text: string, root: string): string {
  const escaped = root.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const letters = '[bcdfghjklmnpqrstvwxz2456789]'
  return text
    .replace(new RegExp(`\\b${escaped}-${letters}{6,10}-${letters}{5}\\b`, 'g'), `${root}-<hash>-<random>`)
    .replace(new RegExp(`\\b${escaped}-${letters}{6,10}\\b(?!-)`, 'g'), `${root}-<hash>`)
    .replace(new RegExp(`\\b${escaped}-(\\d+-)?${letters}{5}\\b`, 'g'), `${root}-$1<random>`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]))
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
