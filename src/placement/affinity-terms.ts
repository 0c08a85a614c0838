import type { Pod, PodAffinityTerm } from '../api/generated/core-v1.ts'
import { fromLabelSelector } from '../api/meta/label-selector.ts'
import type { LabelSelector, Requirement } from '../api/meta/label-selector.ts'
import { matchesLabels } from '../api/meta/label-selector.ts'
import type { PodMatch } from './pod-sorts.ts'
import { Tally } from './tally.ts'

/** What a term asks: that pods like these be near (`requiredNear`), or not (`requiredApart`), or better be or not. */
export type TermSort = 'requiredNear' | 'requiredApart' | 'preferredNear' | 'preferredApart'

/** One term of a pod's affinity or anti-affinity to other pods, made comparable. */
export interface AffinityTerm {
  readonly sort: TermSort
  readonly topologyKey: string
  readonly namespaces: ReadonlySet<string>
  /** Namespaces with these labels are meant too; undefined means none. */
  readonly namespaceSelector: LabelSelector | undefined
  readonly selector: LabelSelector | undefined
  /** Of preferred terms 1 to 100; of required ones 1. */
  readonly weight: number
}

/** The same term of all pods on nodes that have it. */
export interface TermGroup {
  readonly key: string
  readonly term: AffinityTerm
  readonly tally: Tally
}

export type NamespaceLabels = ReadonlyMap<string, Readonly<Record<string, string>>>

const NONE: readonly AffinityTerm[] = []

/** The terms of a pod, in the order of its spec. */
export function affinityTerms(pod: Pod): readonly AffinityTerm[] {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  if (podAffinity === undefined && podAntiAffinity === undefined) return NONE
  const required = (sort: TermSort, terms: readonly PodAffinityTerm[] = []) =>
    terms.map((term) => termOf(pod, sort, term, 1))
  const preferred = (
    sort: TermSort,
    terms: readonly { readonly weight: number; readonly podAffinityTerm: PodAffinityTerm }[] = [],
  ) => terms.map(({ weight, podAffinityTerm }) => termOf(pod, sort, podAffinityTerm, weight))
  return [
    ...required('requiredNear', podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    ...required('requiredApart', podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    ...preferred('preferredNear', podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    ...preferred('preferredApart', podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  ]
}

function termOf(pod: Pod, sort: TermSort, term: PodAffinityTerm, weight: number): AffinityTerm {
  const namespaceSelector = fromLabelSelector(term.namespaceSelector)
  const listed = term.namespaces ?? []
  // Neither named nor selected: the pod's own.
  const own = listed.length === 0 && namespaceSelector === undefined ? [pod.metadata.namespace ?? ''] : []
  const base = fromLabelSelector(term.labelSelector)
  const selector = base && [
    ...base,
    ...keyRequirements(pod, term.matchLabelKeys, 'in'),
    ...keyRequirements(pod, term.mismatchLabelKeys, 'notin'),
  ]
  return {
    sort,
    topologyKey: term.topologyKey,
    namespaces: new Set([...listed, ...own]),
    namespaceSelector,
    selector,
    weight,
  }
}

/** What `matchLabelKeys` and their opposite add to a selector: the pod's own values. The API server may have added them. */
export function keyRequirements(
  pod: Pod,
  keys: readonly string[] | undefined,
  operator: 'in' | 'notin',
): readonly Requirement[] {
  const labels = pod.metadata.labels ?? {}
  return (keys ?? []).flatMap((key) => {
    const value = labels[key]
    return value === undefined ? [] : [{ key, operator, values: [value] }]
  })
}

/** The pods that a term means, with its namespace selector resolved; undefined where it can mean none. */
export function podsMeant(term: AffinityTerm, known: NamespaceLabels): PodMatch | undefined {
  if (term.selector === undefined) return undefined
  if (term.namespaceSelector?.length === 0) return { namespaces: undefined, selector: term.selector }
  const namespaces = new Set(term.namespaces)
  if (term.namespaceSelector !== undefined)
    for (const [name, labels] of known) if (matchesLabels(term.namespaceSelector, labels)) namespaces.add(name)
  return { namespaces, selector: term.selector }
}

/** Whether a term of some other pod means `pod`. */
export function means(term: AffinityTerm, pod: Pod, known: NamespaceLabels): boolean {
  if (term.selector === undefined) return false
  const namespace = pod.metadata.namespace ?? ''
  if (!term.namespaces.has(namespace)) {
    if (term.namespaceSelector === undefined) return false
    if (!matchesLabels(term.namespaceSelector, known.get(namespace) ?? {})) return false
  }
  return matchesLabels(term.selector, pod.metadata.labels)
}

/** Whether a term of some other pod can mean `pod`, whatever the labels of its namespace are. */
export function mayMean({ namespaces, namespaceSelector, selector }: AffinityTerm, { metadata }: Pod): boolean {
  if (selector === undefined || !matchesLabels(selector, metadata.labels)) return false
  return namespaceSelector !== undefined || namespaces.has(metadata.namespace ?? '')
}

/** The terms of all pods on nodes, alike ones together. */
export class TermGroups {
  readonly #groups = new Map<string, TermGroup>()

  /** Those that some pod on a node has. */
  get all(): Iterable<TermGroup> {
    return this.#groups.values()
  }

  get isEmpty() {
    return this.#groups.size === 0
  }

  groupOf(term: AffinityTerm): TermGroup {
    const { sort, topologyKey, namespaces, namespaceSelector, selector, weight } = term
    const key = JSON.stringify([sort, topologyKey, [...namespaces].sort(), namespaceSelector, selector, weight])
    return this.#groups.get(key) ?? { key, term, tally: new Tally() }
  }

  add(group: TermGroup, slot: number, amount: 1 | -1) {
    group.tally.add(slot, amount)
    if (group.tally.total === 0) this.#groups.delete(group.key)
    else this.#groups.set(group.key, group)
  }
}
