/** What happened in a simulation, in order: for people who want to know why, and to compare two runs. */
export interface Trace {
  readonly size: number
  /** `who` did or suffered `what`; the text is made only when somebody reads it. */
  add(who: string, what: string, about?: string, outcome?: string): void
  /** The story is over: nothing is added from now on. */
  end(): void
  /** The last `count` entries as lines; all of them by default. */
  lines(count?: number): readonly string[]
}

interface Entry {
  readonly ms: number
  readonly who: string
  readonly what: string
  readonly about: string
  readonly outcome: string
}

/** `elapsedMs` is asked for the time of each entry; `tell` hears of each as it comes. */
export function createTrace(elapsedMs: () => number, tell?: (line: string) => void): Trace {
  const entries: Entry[] = []
  let ended = false
  return {
    get size() {
      return entries.length
    },
    add(who, what, about = '', outcome = '') {
      if (ended) return
      const entry = { ms: elapsedMs(), who, what, about, outcome }
      entries.push(entry)
      tell?.(lineOf(entry))
    },
    end: () => void (ended = true),
    lines: (count = entries.length) => entries.slice(Math.max(0, entries.length - count)).map(lineOf),
  }
}

function lineOf({ ms, who, what, about, outcome }: Entry): string {
  const time = (ms / 1000).toFixed(3).padStart(10)
  return `${time}  ${who.padEnd(12)} ${what.padEnd(14)} ${about}${outcome === '' ? '' : `  -> ${outcome}`}`
}
