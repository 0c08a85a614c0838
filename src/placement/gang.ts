import type { Pod } from '../api/generated/core-v1.ts'

/** Pods with the same value of this label in one namespace are placed together or not at all. */
export const GANG = 'scheduling.shoal.dev/gang'
/** An annotation of each of them: how many there have to be. */
export const GANG_SIZE = 'scheduling.shoal.dev/gang-size'
/** An annotation: how long a gang of which only some are bound may go on so (`90s`, `10m`; default ten minutes). */
export const GANG_DEADLINE = 'scheduling.shoal.dev/gang-deadline'

const DEFAULT_DEADLINE_MS = 600_000
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export interface Gang {
  /** `namespace/name`. */
  readonly key: string
  readonly name: string
  readonly size: number
  readonly deadlineMs: number
}

/** The gang that a pod belongs to; undefined where it names none, or says not how many there are. */
export function gangOf({ metadata }: Pod): Gang | undefined {
  const name = metadata.labels?.[GANG]
  const size = Number(metadata.annotations?.[GANG_SIZE])
  if (name === undefined || !Number.isInteger(size) || size < 2) return undefined
  const deadlineMs = durationMs(metadata.annotations?.[GANG_DEADLINE]) ?? DEFAULT_DEADLINE_MS
  return { key: `${metadata.namespace}/${name}`, name, size, deadlineMs }
}

function durationMs(text: string | undefined): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text ?? '') ?? []
  return amount === undefined ? undefined : Number(amount) * (UNITS_MS[unit] ?? 1)
}
