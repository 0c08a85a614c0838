import type { LabelSelector as SelectorObject } from '../api/generated/meta-v1.ts'
import type { Pod, TopologySpreadConstraint } from '../api/generated/core-v1.ts'
import { fromLabelSelector, matchesLabels } from '../api/meta/label-selector.ts'
import type { LabelSelector } from '../api/meta/label-selector.ts'
import { keyRequirements } from './affinity-terms.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Cycle } from './framework.ts'
import { matchesNode } from './node-affinity.ts'
import type { Count } from './pod-sorts.ts'
import { untolerated } from './taints.ts'

/** A topology spread constraint with its defaults filled in. */
export interface SpreadConstraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly selector: LabelSelector
  /** Whether the pod itself is one of those that are counted. */
  readonly meansItself: boolean
  /** Nodes that the pod's node selector and affinity rule out do not count. */
  readonly honorsAffinity: boolean
  /** Nodes whose taints the pod does not tolerate do not count. */
  readonly honorsTaints: boolean
}

/** Those that Kubernetes adds for pods without any, if a Service or an owner tells who their like are. */
const SYSTEM_DEFAULTS = [
  { topologyKey: 'kubernetes.io/hostname', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5 },
]

const NONE: readonly SpreadConstraint[] = []

/** The pod's constraints of one sort; of the soft ones Kubernetes' own, where the pod has none of either. */
export function spreadConstraints(
  { pod, view }: Cycle,
  sort: 'DoNotSchedule' | 'ScheduleAnyway',
): readonly SpreadConstraint[] {
  const own = pod.spec?.topologySpreadConstraints ?? []
  if (own.length > 0)
    return own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === sort).map((each) => constraintOf(pod, each))
  return sort === 'ScheduleAnyway' ? systemDefaults(pod, view) : NONE
}

function constraintOf(pod: Pod, constraint: TopologySpreadConstraint): SpreadConstraint {
  // Without a selector nothing is counted; an empty one counts nothing either.
  const base = fromLabelSelector(constraint.labelSelector) ?? []
  const selector = [...base, ...keyRequirements(pod, constraint.matchLabelKeys, 'in')]
  return {
    topologyKey: constraint.topologyKey,
    maxSkew: constraint.maxSkew,
    minDomains: constraint.minDomains ?? 1,
    selector,
    meansItself: constraint.labelSelector !== undefined && matchesLabels(selector, pod.metadata.labels),
    honorsAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
    honorsTaints: constraint.nodeTaintsPolicy === 'Honor',
  }
}

function systemDefaults(pod: Pod, view: ClusterView): readonly SpreadConstraint[] {
  const selector = likeOf(pod, view)
  if (selector.length === 0) return NONE
  const rest = { minDomains: 1, selector, meansItself: true, honorsAffinity: true, honorsTaints: false }
  return SYSTEM_DEFAULTS.map((each) => ({ ...each, ...rest }))
}

/** What the Services of a pod and its controller select: pods that do the same work. */
function likeOf(pod: Pod, view: ClusterView): LabelSelector {
  const { namespace = '', labels = {}, ownerReferences = [] } = pod.metadata
  const merged: Record<string, string> = {}
  for (const { metadata, spec } of view.services.values()) {
    const selector = Object.entries(spec?.selector ?? {})
    if (metadata.namespace !== namespace || selector.length === 0) continue
    if (selector.every(([key, value]) => labels[key] === value)) Object.assign(merged, spec?.selector)
  }
  const owner = ownerReferences.find(({ controller }) => controller === true)
  const object = owner && view.owners.get(`${owner.kind}/${namespace}/${owner.name}`)
  const theirs = (object as { spec?: { selector?: unknown } } | undefined)?.spec?.selector
  if (owner?.kind === 'ReplicationController') Object.assign(merged, theirs)
  const fromOwner = owner?.kind === 'ReplicationController' ? [] : (fromLabelSelector(theirs as SelectorObject) ?? [])
  return [...(fromLabelSelector({ matchLabels: merged }) ?? []), ...fromOwner]
}

/** The pods that a constraint counts: of the pod's namespace, and not on their way out. */
export function countOf({ table, pod }: Cycle, { selector }: SpreadConstraint): Count {
  const namespaces = selector.length === 0 ? new Set<string>() : new Set([pod.metadata.namespace ?? ''])
  return table.sorts.count([{ namespaces, selector }], true)
}

export function hasEveryKey({ table }: Cycle, constraints: readonly SpreadConstraint[], slot: number): boolean {
  for (const { topologyKey } of constraints) if ((table.topology(topologyKey).ids[slot] ?? -1) < 0) return false
  return true
}

/** Whether the node at `slot` counts by the constraint's policies. */
export function isCounted({ table, pod }: Cycle, constraint: SpreadConstraint, slot: number): boolean {
  const { spec } = pod
  const node = table.node(slot)
  if (node === undefined) return false
  const isChoosy = spec?.nodeSelector !== undefined || spec?.affinity?.nodeAffinity !== undefined
  if (constraint.honorsAffinity && isChoosy && !matchesNode(pod, node)) return false
  if (!constraint.honorsTaints) return true
  return untolerated(node.spec?.taints, spec?.tolerations, ['NoSchedule', 'NoExecute']) === undefined
}
