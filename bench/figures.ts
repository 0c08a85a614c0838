/** What a figure is held against; either may be unknown. */
export interface Against {
  /** The most that the project allows itself, in the figure's own unit. */
  readonly target?: number
  /** The least that the project wants, of figures that are the better the higher they are. */
  readonly goal?: number
  /** What sockets and structured clone alone do for the same on a two-core machine, in the figure's own unit. */
  readonly raw?: number
  /** The least that the machine takes for the same, in the figure's own unit. */
  readonly least?: number
  /** What Kubernetes 1.34.4 (in Go) takes for the same on a two-core machine, with its unit. */
  readonly kubernetes?: string
}

/** One line: what, the median with its unit and the spread of the runs, and what it is held against. */
export function figure(what: string, values: readonly number[], unit: string, against: Against = {}): string {
  const middle = median(values)
  const spread = values.length > 1 ? `${short(Math.min(...values))} to ${short(Math.max(...values))}` : ''
  const columns = [what.padEnd(58), `${short(middle)} ${unit}`.padStart(10), spread.padStart(16)]
  return `${columns.join('  ')}${heldAgainst(middle, unit, against)}`.trimEnd()
}

function heldAgainst(value: number, unit: string, { target, goal, raw, least, kubernetes }: Against): string {
  const notes: string[] = []
  if (goal !== undefined) notes.push(`${value >= goal ? 'reaches' : 'MISSES'} the goal of ${short(goal)} ${unit}`)
  if (raw !== undefined) notes.push(`${Math.round((value / raw) * 100)}% of the raw limit of ${short(raw)} ${unit}`)
  if (target !== undefined) {
    notes.push(`${value <= target ? 'within' : 'MISSES'} the target of ${short(target)} ${unit}`)
  }
  if (least !== undefined) notes.push(`${(value / least).toFixed(1)} times the limit of ${short(least)} ${unit}`)
  if (kubernetes !== undefined) notes.push(`Kubernetes: ${kubernetes}`)
  return notes.length === 0 ? '' : `   ${notes.join('; ')}`
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted[sorted.length >> 1]
  if (middle === undefined) throw new Error('Assertion: 0 values to take the median of, expected one at the least')
  return sorted.length % 2 === 1 ? middle : (middle + sorted[(sorted.length >> 1) - 1]!) / 2
}

const short = (value: number): string => (Math.abs(value) < 20 ? String(Number(value.toFixed(1))) : value.toFixed(0))
