import type { Container, Pod, PodSpec } from '../api/generated/core-v1.ts'
import type { Diagnosis } from '../placement/decide.ts'
import { podRequests } from '../placement/pod-requests.ts'
import { claimFix } from './claim-fixes.ts'
import { amountText } from './explanation.ts'
import type { Fix } from './explanation.ts'
import { shortResources, untoleratedTaint } from './node-verdicts.ts'
import { tryPlacing, tryWithNode } from './trial.ts'
import type { Snapshot } from './trial.ts'

/** A change of a pod's spec that could place it; the smaller the size, the sooner it is tried. */
interface Change {
  readonly text: string
  readonly size: number
  apply(spec: PodSpec): PodSpec
}

/** How many changes of the pod are tried, and of pairs how many first and how many second ones. */
const MOST_TRIALS = 60
const MOST_PAIRS = 8

/**
 * The smallest change after which a trial finds a node: what its claims lack, or one of the pod, else of a node, else two of
 * the pod, else one more node.
 */
export function smallestFix(snapshot: Snapshot, pod: Pod, diagnosis: Diagnosis): Fix | undefined {
  return (
    claimFix(snapshot, pod) ??
    oneChange(snapshot, pod, diagnosis) ??
    cordonedNode(snapshot, pod, diagnosis) ??
    twoChanges(snapshot, pod, diagnosis) ??
    oneMoreNode(snapshot, pod)
  )
}

function smallestFirst(snapshot: Snapshot, pod: Pod, diagnosis: Diagnosis, most: number): readonly Change[] {
  return [...changesOf(snapshot, pod, diagnosis)].sort((a, b) => a.size - b.size).slice(0, most)
}

const changed = (pod: Pod, { apply }: Change): Pod => ({ ...pod, spec: apply(pod.spec ?? { containers: [] }) })

function oneChange(snapshot: Snapshot, pod: Pod, diagnosis: Diagnosis, most = MOST_TRIALS): Fix | undefined {
  for (const change of smallestFirst(snapshot, pod, diagnosis, most)) {
    const placement = tryPlacing(snapshot, changed(pod, change))
    if (placement.placed) return { change: change.text, changes: 'pod', node: placement.nodeName }
  }
  return undefined
}

/** After a first change other things are in the way, so the second is found by what nodes say then. */
function twoChanges(snapshot: Snapshot, pod: Pod, diagnosis: Diagnosis): Fix | undefined {
  for (const first of smallestFirst(snapshot, pod, diagnosis, MOST_PAIRS)) {
    const next = changed(pod, first)
    const placement = tryPlacing(snapshot, next)
    if (placement.placed) continue
    const second = oneChange(snapshot, next, placement.diagnosis, MOST_PAIRS)
    if (second !== undefined) return { ...second, change: `${first.text}, and ${second.change}` }
  }
  return undefined
}

function* changesOf(snapshot: Snapshot, pod: Pod, diagnosis: Diagnosis): Iterable<Change> {
  const { spec } = pod
  if (spec === undefined) return
  yield* smallerRequests(snapshot, pod, diagnosis)
  yield* tolerations(snapshot, pod, diagnosis)
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) {
    const rest = Object.fromEntries(Object.entries(spec.nodeSelector ?? {}).filter(([other]) => other !== key))
    yield { text: `drop the node selector ${key}=${value}`, size: 2, apply: (now) => ({ ...now, nodeSelector: rest }) }
  }
  yield* looserAffinity(spec)
  if (spec.containers.some(({ ports }) => ports?.some(({ hostPort }) => hostPort !== undefined)))
    yield { text: 'ask for no host port', size: 2, apply: withoutHostPorts }
  const hard = spec.topologySpreadConstraints?.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
  if (hard !== undefined && hard.length > 0)
    yield {
      text: 'make topology spread a preference (whenUnsatisfiable: ScheduleAnyway)',
      size: 2,
      apply: withSoftSpread,
    }
}

function* looserAffinity({ affinity }: PodSpec): Iterable<Change> {
  const names = {
    nodeAffinity: 'node affinity',
    podAffinity: 'pod affinity',
    podAntiAffinity: 'pod anti-affinity',
  } as const
  for (const key of Object.keys(names) as (keyof typeof names)[]) {
    if (affinity?.[key]?.requiredDuringSchedulingIgnoredDuringExecution === undefined) continue
    const { [key]: _, ...rest } = affinity
    yield { text: `make its ${names[key]} a preference`, size: 3, apply: (now) => ({ ...now, affinity: rest }) }
  }
}

/** For each node that is short of something: what the pod could have there. The nearest to what it asks comes first. */
function* smallerRequests(snapshot: Snapshot, pod: Pod, { slots, rejections }: Diagnosis): Iterable<Change> {
  const { exact } = podRequests(pod)
  for (const [i, slot] of slots.entries()) {
    if (rejections[i]?.plugin !== 'NodeResourcesFit') continue
    const short = shortResources(snapshot, pod, slot)
    if (short.some(({ resource, free }) => resource === 'pods' || free <= 0)) continue
    const parts = short.map(
      ({ resource, asked, free }) =>
        `${resource} ${amountText(resource, free)} in place of ${amountText(resource, asked)}`,
    )
    const loss = Math.max(...short.map(({ resource, free }) => 1 - free / (exact[resource] ?? free)))
    const apply = (spec: PodSpec) =>
      short.reduce((now, { resource, asked, free }) => scaled(now, resource, asked, free), spec)
    yield { text: `ask for ${parts.join(' and ')}`, size: 1 + loss, apply }
  }
}

/** Takes what is too much from the container that asks the most. */
function scaled(spec: PodSpec, resource: string, asked: number, free: number): PodSpec {
  const amountOf = (container: Container) =>
    podRequests({ metadata: {}, spec: { containers: [container] } } as unknown as Pod).exact[resource] ?? 0
  const largest = spec.containers.reduce((a, b) => (amountOf(b) > amountOf(a) ? b : a))
  const left = Math.max(0, amountOf(largest) - (asked - free))
  const quantity = resource === 'cpu' ? `${left}m` : String(left)
  const containers = spec.containers.map((container) =>
    container === largest
      ? {
          ...container,
          resources: { ...container.resources, requests: { ...container.resources?.requests, [resource]: quantity } },
        }
      : container,
  )
  return { ...spec, containers }
}

function* tolerations({ view }: Snapshot, pod: Pod, { slots, rejections }: Diagnosis): Iterable<Change> {
  const seen = new Set<string>()
  for (const [i, slot] of slots.entries()) {
    const node = view.table.node(slot)
    if (rejections[i]?.plugin !== 'TaintToleration' || node === undefined) continue
    const taint = untoleratedTaint(pod, node)
    // Who is put on a node that is unwell is put off it again.
    if (taint === undefined || taint.key.startsWith('node.kubernetes.io/')) continue
    const text = `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`
    if (seen.has(text)) continue
    seen.add(text)
    const toleration = { key: taint.key, operator: 'Equal', value: taint.value ?? '', effect: taint.effect }
    const apply = (spec: PodSpec) => ({ ...spec, tolerations: [...(spec.tolerations ?? []), toleration] })
    yield { text: `tolerate the taint ${text}`, size: 1.5, apply }
  }
}

const withoutHostPorts = (spec: PodSpec): PodSpec => ({
  ...spec,
  containers: spec.containers.map((container) => ({
    ...container,
    ...(container.ports && { ports: container.ports.map(({ hostPort: _, ...port }) => port) }),
  })),
})

const withSoftSpread = (spec: PodSpec): PodSpec => ({
  ...spec,
  topologySpreadConstraints: (spec.topologySpreadConstraints ?? []).map((constraint) => ({
    ...constraint,
    whenUnsatisfiable: 'ScheduleAnyway',
  })),
})

function cordonedNode(snapshot: Snapshot, pod: Pod, { slots, rejections }: Diagnosis): Fix | undefined {
  for (const [i, slot] of slots.entries()) {
    const node = snapshot.view.table.node(slot)
    if (rejections[i]?.plugin !== 'NodeUnschedulable' || node === undefined) continue
    const taints = node.spec?.taints?.filter(({ key }) => key !== 'node.kubernetes.io/unschedulable') ?? []
    const placement = tryWithNode(snapshot, pod, { ...node, spec: { ...node.spec, unschedulable: false, taints } })
    const name = node.metadata.name ?? ''
    if (placement.placed) return { change: `uncordon node ${name}`, changes: 'node', node: placement.nodeName }
  }
  return undefined
}

/** The first node whose like would do. */
function oneMoreNode(snapshot: Snapshot, pod: Pod): Fix | undefined {
  const { table } = snapshot.view
  for (let slot = 0; slot < Math.min(table.size, MOST_TRIALS); slot++) {
    const node = table.node(slot)
    if (node === undefined) continue
    const name = 'one-more'
    const labels = { ...node.metadata.labels, 'kubernetes.io/hostname': name }
    const placement = tryWithNode(snapshot, pod, { ...node, metadata: { ...node.metadata, name, labels } })
    if (placement.placed)
      return { change: `add one more node like ${node.metadata.name}`, changes: 'cluster', node: placement.nodeName }
  }
  return undefined
}
