import { parseDuration } from './duration.ts'

/**
 * What each container of the pod uses of CPU: `100m`, or with changes `100m 1m:400m 5m:50m`, a minute and five minutes after its
 * start. Default: what it requests.
 */
export const CPU_USE = 'simulated.shoal.dev/cpu-use'
/** The same of memory, such as `100Mi`. Default: its limit. */
export const MEMORY_USE = 'simulated.shoal.dev/memory-use'

/** An amount from a time on, in milliseconds since the start. */
export interface Step {
  readonly fromMs: number
  readonly amount: number
}

/** Reads an annotation; steps in order of time. */
export function parseSteps(text: string): readonly Step[] {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const [amount = '', from] = word.split(':').reverse()
      return { fromMs: from === undefined ? 0 : parseDuration(from), amount: parseAmount(amount) }
    })
    .toSorted((a, b) => a.fromMs - b.fromMs)
}

/** The amount at a time. */
export function amountAt(steps: readonly Step[], atMs: number): number {
  return steps.findLast(({ fromMs }) => fromMs <= atMs)?.amount ?? 0
}

/** The sum over time until then: of CPUs, CPU time in milliseconds. */
export function totalUntil(steps: readonly Step[], untilMs: number): number {
  return steps.reduce((sum, { fromMs, amount }, index) => {
    const endMs = Math.min(untilMs, steps[index + 1]?.fromMs ?? untilMs)
    return sum + amount * Math.max(0, endMs - fromMs)
  }, 0)
}

const SUFFIXES: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
}

/** A quantity of Kubernetes', of the sizes that matter here; 0 where it is none. */
function parseAmount(text: string): number {
  const [, digits = '0', suffix = ''] = /^([\d.]+)([a-zA-Z]*)$/.exec(text) ?? []
  return Number(digits) * (suffix === '' ? 1 : (SUFFIXES[suffix] ?? 0))
}
