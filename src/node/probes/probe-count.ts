import type { Probe } from '../../api/generated/core-v1.ts'

/**
 * What one probe found. `output` is what an event says of a failure. Where nothing was found out, since the container could
 * not be asked, `ok` is undefined.
 */
export type ProbeOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly output: string }
  | { readonly ok: undefined; readonly output: string }

/** Outcomes of one sort in a row, and the verdict that they have led to. */
export interface ProbeCount {
  readonly verdict: boolean
  readonly ok: boolean
  readonly inRow: number
}

/** Before its first outcome a container is alive, but neither ready nor started. */
export function firstCount(verdict: boolean): ProbeCount {
  return { verdict, ok: verdict, inRow: 0 }
}

/** The count after another outcome: the verdict changes when a threshold of outcomes in a row is reached. */
export function counted(count: ProbeCount, ok: boolean, probe: Probe): ProbeCount {
  const inRow = ok === count.ok ? count.inRow + 1 : 1
  const threshold = ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3)
  return { ok, inRow, verdict: inRow >= threshold ? ok : count.verdict }
}
