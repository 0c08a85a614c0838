import { isJsonObject } from '../draft.ts'
import { jsonEqual } from '../meta/equal.ts'
import { goText } from '../meta/go-text.ts'
import { badType, failure, goTypeOf, noMergeKey } from './strategic-failure.ts'

export const DIRECTIVE = '$patch'

/** Items of keyed lists are compared by their key, all others as they are. */
const keyOf = (item: unknown, key: string | undefined): unknown =>
  key === undefined ? item : isJsonObject(item) ? item[key] : undefined

export function indexIn(list: readonly unknown[], item: unknown, key: string | undefined): number {
  const wanted = keyOf(item, key)
  return list.findIndex((one) => jsonEqual(keyOf(one, key) ?? null, wanted ?? null))
}

/** Two disjoint parts of one list, each in its own order, as one: items of the server stay before patched ones where they were. */
export function normalizeOrder(
  patched: readonly unknown[],
  serverOnly: readonly unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  key: string | undefined,
): unknown[] {
  const right = sortedBy(patched, patchOrder, key)
  const left = sortedBy(serverOnly, serverOrder, key)
  const merged: unknown[] = []
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    const takesLeft = j >= right.length || (i < left.length && comesFirst(left[i], right[j], serverOrder, key))
    merged.push(takesLeft ? left[i++] : right[j++])
  }
  return merged
}

function comesFirst(a: unknown, b: unknown, order: readonly unknown[], key: string | undefined): boolean {
  const [i, j] = [indexIn(order, a, key), indexIn(order, b, key)]
  return i >= 0 && j >= 0 && i < j
}

/** Go's stable sort by insertion: what the order does not name moves ahead of what stands before it, as it does there. */
function sortedBy(items: readonly unknown[], order: readonly unknown[], key: string | undefined): unknown[] {
  if (key !== undefined) requireKeys([...items, ...order], key)
  const isDeleted = (item: unknown) => isJsonObject(item) && item[DIRECTIVE] === 'delete'
  const kept = items.filter((item) => !isDeleted(item))
  const less = (a: unknown, b: unknown) => {
    const [i, j] = [indexIn(order, a, key), indexIn(order, b, key)]
    return i >= 0 && j >= 0 ? i < j : true
  }
  for (let i = 1; i < kept.length; i++) {
    for (let j = i; j > 0 && less(kept[j], kept[j - 1]); j--) [kept[j], kept[j - 1]] = [kept[j - 1], kept[j]]
  }
  return [...kept, ...items.filter(isDeleted)]
}

/** Each of the items must be an object that has the key. */
export function requireKeys(items: readonly unknown[], key: string): void {
  for (const item of items) {
    if (!isJsonObject(item)) throw badType('map[string]interface {}', item)
    if (item[key] === undefined) throw noMergeKey(item, key)
  }
}

/** Items that `by` names, and the others. */
export function partition(
  items: readonly unknown[],
  by: readonly unknown[],
  key: string | undefined,
): readonly [named: unknown[], others: unknown[]] {
  if (key !== undefined) requireKeys(items, key)
  const isNamed = (item: unknown) => indexIn(by, item, key) >= 0
  return [items.filter(isNamed), items.filter((item) => !isNamed(item))]
}

/** Whether the lists hold objects; they must hold things of one type, and no lists. */
export function holdObjects(...lists: readonly (readonly unknown[])[]): boolean {
  const types = new Set(lists.flat(1).map(goTypeOf))
  const [first] = lists.flat(1)
  if (Array.isArray(first)) throw failure('lists of lists are not supported', 422)
  if (types.size > 1) throw failure(`list element types are not identical: [${lists.map(goText).join(' ')}]`)
  if (types.size === 0) throw failure('no elements in any given slices')
  return isJsonObject(first)
}
