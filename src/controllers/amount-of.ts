/** A number, or a percentage of `total` rounded by `round`: what Kubernetes calls an IntOrString. */
export function amountOf(value: string | number, total: number, round: (n: number) => number): number {
  if (typeof value === 'number') return value
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) * total) / 100) : Number(value)
}
