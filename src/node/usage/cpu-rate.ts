/** A measurement of CPU time that only grows. */
interface Sample {
  readonly atMs: number
  readonly cpuMs: number
}

/** Turns CPU times into rates. */
export interface CpuRate {
  /** `startedAtMs` is when the time was zero; all times on the monotonic clock. */
  at(
    key: string,
    cpuMs: number,
    nowMs: number,
    startedAtMs: number,
  ): { readonly cpuMillis: number; readonly windowMs: number }
  /** Forgets what was not measured at `nowMs`. */
  prune(nowMs: number): void
}

/** Over less time than this a rate says more of the moment than of the load. */
const LEAST_WINDOW_MS = 5_000
/** No more than these are kept of each. */
const KEPT = 8

/**
 * The rate is taken over the shortest time of at least five seconds between two questions, else since the start: nothing has to
 * be measured while nobody asks.
 */
export function createCpuRate(): CpuRate {
  const samples = new Map<string, Sample[]>()
  return {
    at(key, cpuMs, nowMs, startedAtMs) {
      const known = (samples.get(key) ?? []).filter((sample) => sample.cpuMs <= cpuMs)
      const before = known.findLast(({ atMs }) => nowMs - atMs >= LEAST_WINDOW_MS) ?? { atMs: startedAtMs, cpuMs: 0 }
      const last = known.at(-1)
      // Those who ask often do not push out what a rate can be taken over.
      const isNew = last === undefined || nowMs - last.atMs >= LEAST_WINDOW_MS / 4
      samples.set(key, isNew ? [...known, { atMs: nowMs, cpuMs }].slice(-KEPT) : known)
      const windowMs = Math.max(1, nowMs - before.atMs)
      return { cpuMillis: ((cpuMs - before.cpuMs) * 1000) / windowMs, windowMs }
    },
    prune(nowMs) {
      for (const [key, known] of samples)
        if ((known.at(-1)?.atMs ?? 0) < nowMs - LEAST_WINDOW_MS * KEPT) samples.delete(key)
    },
  }
}
