import { milliOf, wholeOf } from '../api/meta/quantity.ts'

/** Amounts of resources by Kubernetes' names, as numbers: `cpu` in thousandths of a CPU, everything else in its own unit. */
export type Amounts = Readonly<Record<string, number>>

/** Parsing is exact and slow; the same few quantities come again and again, so their numbers are kept. */
const KEPT = 10_000
const numbers = new Map<string, number>()

/**
 * A quantity as a number: thousandths for `cpu`, else whole units (bytes for memory), rounded up as Kubernetes' scheduler
 * does.
 */
export function amountOf(resource: string, quantity: string | number): number {
  const key = resource === 'cpu' ? `m${quantity}` : `u${quantity}`
  const known = numbers.get(key)
  if (known !== undefined) return known
  const amount = resource === 'cpu' ? milliOf(quantity) : wholeOf(quantity)
  if (numbers.size >= KEPT) numbers.clear()
  numbers.set(key, amount)
  return amount
}

/** All quantities of a resource list as amounts. */
export function amountsOf(list: Readonly<Record<string, string | number>> | undefined): Amounts {
  const amounts: Record<string, number> = {}
  for (const [resource, quantity] of Object.entries(list ?? {})) amounts[resource] = amountOf(resource, quantity)
  return amounts
}

/** The sum of two, resource by resource. */
export function sum(a: Amounts, b: Amounts): Amounts {
  const total: Record<string, number> = { ...a }
  for (const [resource, amount] of Object.entries(b)) total[resource] = (total[resource] ?? 0) + amount
  return total
}

/** The larger of two, resource by resource. */
export function larger(a: Amounts, b: Amounts): Amounts {
  const result: Record<string, number> = { ...a }
  for (const [resource, amount] of Object.entries(b)) result[resource] = Math.max(result[resource] ?? 0, amount)
  return result
}
