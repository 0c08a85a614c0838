import type { Pod } from '../api/generated/core-v1.ts'
import type { LabelSelector } from '../api/meta/label-selector.ts'
import { matchesLabels } from '../api/meta/label-selector.ts'
import { Tally } from './tally.ts'

/** Which pods are meant: those of some namespaces (all, where there are none named) whose labels match. */
export interface PodMatch {
  readonly namespaces: ReadonlySet<string> | undefined
  readonly selector: LabelSelector
}

/** Pods that look alike to every selector: same namespace, same labels, all of them going or none. */
export interface PodSort {
  readonly key: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly isTerminating: boolean
  readonly tally: Tally
  counted: Count[]
}

/** The pods on nodes that all of some matches hold for, counted as they come and go. */
export interface Count {
  readonly key: string
  readonly matches: readonly PodMatch[]
  readonly skipTerminating: boolean
  readonly tally: Tally
}

/** How many counts are kept; those longest unused are forgotten and made anew at need. */
const MOST_COUNTS = 1_000

const EMPTY: Readonly<Record<string, string>> = {}

/**
 * Pods on nodes, sorted by how they look to selectors. Most pods look like thousands of others, so a selector is held
 * against sorts instead of pods, and a count once asked for stays up to date.
 */
export class PodSorts {
  readonly #sorts = new Map<string, PodSort>()
  readonly #byNamespace = new Map<string, Set<PodSort>>()
  readonly #counts = new Map<string, Count>()

  sortOf({ metadata }: Pod): PodSort {
    const { namespace = '', labels = EMPTY } = metadata
    const isTerminating = metadata.deletionTimestamp !== undefined
    const key = sortKey(namespace, labels, isTerminating)
    const known = this.#sorts.get(key)
    if (known !== undefined) return known
    const sort: PodSort = { key, namespace, labels, isTerminating, tally: new Tally(), counted: [] }
    this.#sorts.set(key, sort)
    let neighbours = this.#byNamespace.get(namespace)
    if (neighbours === undefined) this.#byNamespace.set(namespace, (neighbours = new Set()))
    neighbours.add(sort)
    for (const count of this.#counts.values()) if (counts(count, sort)) sort.counted.push(count)
    return sort
  }

  add(sort: PodSort, slot: number, amount: 1 | -1) {
    sort.tally.add(slot, amount)
    for (const { tally } of sort.counted) tally.add(slot, amount)
    if (sort.tally.total === 0) this.#forget(sort)
    // A sort that was forgotten while somebody held on to it has come back.
    else if (amount === 1 && sort.tally.total === 1) this.#remember(sort)
  }

  /** The pods that every one of `matches` holds for; kept up to date as long as it is asked for now and then. */
  count(matches: readonly PodMatch[], skipTerminating: boolean): Count {
    const key = JSON.stringify([
      skipTerminating,
      matches.map(({ namespaces, selector }) => [namespaces && [...namespaces].sort(), selector]),
    ])
    const known = this.#counts.get(key)
    if (known !== undefined) {
      this.#counts.delete(key)
      this.#counts.set(key, known)
      return known
    }
    const count: Count = { key, matches, skipTerminating, tally: new Tally() }
    for (const sort of this.#candidates(matches)) {
      if (!counts(count, sort)) continue
      sort.counted.push(count)
      for (const [slot, amount] of sort.tally.bySlot) count.tally.add(slot, amount)
    }
    this.#counts.set(key, count)
    this.#bound()
    return count
  }

  *#candidates(matches: readonly PodMatch[]): Iterable<PodSort> {
    const namespaces = matches.find((match) => match.namespaces !== undefined)?.namespaces ?? this.#byNamespace.keys()
    for (const namespace of namespaces) yield* this.#byNamespace.get(namespace) ?? []
  }

  #bound() {
    if (this.#counts.size <= MOST_COUNTS) return
    const [oldest] = this.#counts.values()
    if (oldest === undefined) return
    this.#counts.delete(oldest.key)
    for (const sort of this.#candidates(oldest.matches)) sort.counted = sort.counted.filter((count) => count !== oldest)
  }

  #forget(sort: PodSort) {
    this.#sorts.delete(sort.key)
    this.#byNamespace.get(sort.namespace)?.delete(sort)
  }

  #remember(sort: PodSort) {
    if (this.#sorts.has(sort.key)) return
    this.#sorts.set(sort.key, sort)
    let neighbours = this.#byNamespace.get(sort.namespace)
    if (neighbours === undefined) this.#byNamespace.set(sort.namespace, (neighbours = new Set()))
    neighbours.add(sort)
    sort.counted = [...this.#counts.values()].filter((count) => counts(count, sort))
  }
}

/** Whether pods of `namespace` with `labels` are among those that every one of `matches` means. */
export function isMeant(
  matches: readonly PodMatch[],
  namespace: string,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  for (const { namespaces, selector } of matches) {
    if (namespaces !== undefined && !namespaces.has(namespace)) return false
    if (!matchesLabels(selector, labels)) return false
  }
  return true
}

/** Whether pods of that sort are counted there. */
export function counts(count: Count, sort: PodSort): boolean {
  if (count.skipTerminating && sort.isTerminating) return false
  return isMeant(count.matches, sort.namespace, sort.labels)
}

function sortKey(namespace: string, labels: Readonly<Record<string, string>>, isTerminating: boolean): string {
  let key = isTerminating ? `${namespace}\n-` : `${namespace}\n+`
  for (const name of Object.keys(labels).sort()) key += `\n${name}=${labels[name]}`
  return key
}
