/** What one pod uses of something, in thousandths. */
export interface PodUsage {
  readonly value: number
  /** When it was measured, and over how long. */
  readonly atMs: number
  readonly windowMs: number
}

/** By the names of pods. */
export type Usages = ReadonlyMap<string, PodUsage>

export function totalOf(usages: Usages): number {
  let total = 0
  for (const { value } of usages.values()) total += value
  return total
}
