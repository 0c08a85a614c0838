import type { Draft } from '../draft.ts'
import type { Pod, PodAffinityTerm } from '../generated/core-v1.ts'
import type { LabelSelector } from '../generated/meta-v1.ts'

/**
 * Adds what `matchLabelKeys` and `mismatchLabelKeys` mean for this pod to the selectors that they stand beside, once and for
 * all, as Kubernetes does when the pod is created: a label that is changed later changes nothing of it.
 */
export function resolveLabelKeys({ metadata, spec }: Draft<Pod>): void {
  const labels = metadata.labels ?? {}
  for (const { labelSelector, matchLabelKeys } of spec?.topologySpreadConstraints ?? [])
    extend(labelSelector, matchLabelKeys, 'In', labels)
  for (const affinity of [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity]) {
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const terms = preferred.map(({ podAffinityTerm }) => podAffinityTerm)
    for (const term of [...terms, ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])])
      extendTerm(term, labels)
  }
}

type Labels = Readonly<Record<string, string | undefined>>

function extendTerm(term: Draft<PodAffinityTerm> | undefined, labels: Labels): void {
  extend(term?.labelSelector, term?.matchLabelKeys, 'In', labels)
  extend(term?.labelSelector, term?.mismatchLabelKeys, 'NotIn', labels)
}

/** Without a selector nothing is matched, whatever the keys are. */
function extend(
  selector: Draft<LabelSelector> | undefined,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Labels,
): void {
  if (selector === undefined || keys === undefined) return
  const added = keys.flatMap((key) => {
    const value = labels[key]
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  })
  if (added.length > 0) selector.matchExpressions = [...(selector.matchExpressions ?? []), ...added]
}
