import type { Pod, PodTemplateSpec } from '../api/generated/core-v1.ts'
import { fromLabelSelector, matchesLabels } from '../api/meta/label-selector.ts'
import type { KubeObject } from '../api/object.ts'
import { brokenBy, findPreemption } from '../placement/preemption.ts'
import { unschedulableMessage } from '../placement/unschedulable-message.ts'
import { cycleOn, tryPlacing } from './trial.ts'
import type { Snapshot } from './trial.ts'

/** What would become of one pod. */
export interface PlannedPod {
  readonly namespace: string
  readonly name: string
  /** Of what it is a part, such as `Deployment/web`. */
  readonly of: string
  /** Absent where it fits nowhere. */
  readonly node?: string
  /** Pods of lower priority that would have to go, as `namespace/name`. */
  readonly preempts: readonly string[]
  /** Disruption budgets that do not allow that they go, as `namespace/name`: the scheduler breaks them where nothing else helps. */
  readonly breaks: readonly string[]
  /** In Kubernetes' words. */
  readonly why?: string
}

/** Kinds that bring no pods of their own, or only later, are left out. */
const WITH_TEMPLATE: Readonly<Record<string, string>> = {
  Deployment: 'replicas',
  ReplicaSet: 'replicas',
  StatefulSet: 'replicas',
  ReplicationController: 'replicas',
  Job: 'parallelism',
  DaemonSet: '',
}

/** Where the pods of `objects` would go, one after the other, on a snapshot; nothing is created. The view keeps them. */
export function plan(
  snapshot: Snapshot,
  objects: readonly KubeObject[],
  priorities: ReadonlyMap<string, number>,
): readonly PlannedPod[] {
  return objects
    .flatMap((object) => podsOf(snapshot, object))
    .map(({ pod, of }) => place(snapshot, withPriority(pod, priorities), of))
}

interface Wanted {
  readonly pod: Pod
  readonly of: string
}

function podsOf(snapshot: Snapshot, object: KubeObject): readonly Wanted[] {
  const { kind = '', metadata } = object
  const of = `${kind}/${metadata.name ?? metadata.generateName ?? ''}`
  const namespace = metadata.namespace ?? 'default'
  if (kind === 'Pod') return [{ pod: { ...(object as Pod), metadata: { ...metadata, namespace } }, of }]
  const field = WITH_TEMPLATE[kind]
  if (field === undefined) return []
  const spec = (object as { spec?: { template?: PodTemplateSpec } & Record<string, unknown> }).spec
  if (spec?.template === undefined) return []
  const template = spec.template
  const make = (suffix: string): Wanted => {
    const name = `${metadata.name}-${suffix}`
    const podMetadata = { ...template.metadata, name, namespace, uid: `plan-${of}-${suffix}` }
    return {
      of,
      pod: { apiVersion: 'v1', kind: 'Pod', metadata: podMetadata, ...(template.spec && { spec: template.spec }) },
    }
  }
  if (kind === 'DaemonSet') return onEachNode(snapshot, make)
  return Array.from({ length: Number(spec[field] ?? 1) }, (_, i) => make(String(i)))
}

/** As the DaemonSet controller does: a pod for each node, bound to it by affinity. */
function onEachNode({ view }: Snapshot, make: (suffix: string) => Wanted): readonly Wanted[] {
  const wanted: Wanted[] = []
  for (let slot = 0; slot < view.table.size; slot++) {
    const name = view.table.node(slot)?.metadata.name
    if (name === undefined) continue
    const { pod, of } = make(name)
    const field = { key: 'metadata.name', operator: 'In', values: [name] }
    const required = { nodeSelectorTerms: [{ matchFields: [field] }] }
    const affinity = {
      ...pod.spec?.affinity,
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
    }
    wanted.push({ of, pod: { ...pod, spec: { ...pod.spec, containers: pod.spec?.containers ?? [], affinity } } })
  }
  return wanted
}

function withPriority(pod: Pod, priorities: ReadonlyMap<string, number>): Pod {
  const { spec } = pod
  if (spec === undefined || spec.priority !== undefined) return pod
  const priority = priorities.get(spec.priorityClassName ?? '') ?? 0
  return { ...pod, spec: { ...spec, priority } }
}

function place(snapshot: Snapshot, pod: Pod, of: string): PlannedPod {
  const { table } = snapshot.view
  const facts = {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name ?? pod.metadata.generateName ?? '',
    of,
  }
  const placement = tryPlacing(snapshot, pod)
  if (placement.placed) {
    table.addPod(pod, placement.nodeName)
    return { ...facts, node: placement.nodeName, preempts: [], breaks: [] }
  }
  const found = findPreemption(cycleOn(snapshot, pod), placement.filters, placement.diagnosis)
  if (!found.found)
    return { ...facts, preempts: [], breaks: [], why: unschedulableMessage(placement.diagnosis, found.message) }
  for (const victim of found.victims) table.removePod(victim, found.nodeName)
  table.addPod(pod, found.nodeName)
  const breaks = [...new Set([...brokenBy(snapshot.view, found.victims).values()].flat().map(nameOf))]
  for (const victim of found.victims) chargeBudgets(snapshot, victim)
  return { ...facts, node: found.nodeName, preempts: found.victims.map(nameOf), breaks }
}

const nameOf = ({ metadata }: KubeObject) => `${metadata.namespace}/${metadata.name}`

/** Whoever is planned after it has what is left of them. */
function chargeBudgets({ view }: Snapshot, { metadata: { namespace, labels } }: Pod): void {
  for (const [key, budget] of view.budgets) {
    const selector = fromLabelSelector(budget.spec?.selector)
    if (budget.metadata.namespace !== namespace || selector === undefined || !matchesLabels(selector, labels)) continue
    const { status } = budget
    if (status === undefined) continue
    view.budgets.set(key, { ...budget, status: { ...status, disruptionsAllowed: status.disruptionsAllowed - 1 } })
  }
}
