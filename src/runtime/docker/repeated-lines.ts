import type { Clock } from '../../env/clock.ts'
import type { LogLine } from '../runtime.ts'
import { millisecondsOf } from './container-states.ts'

/** Tells which lines of a followed log have been seen before. */
export interface RepeatedLines {
  /** Whether a line has come before; otherwise it counts as seen. */
  has(time: string, line: LogLine): boolean
  /** The time from which on a log has to be asked for that nothing is missing; undefined before the first line. */
  resumeAt(): string | undefined
}

interface Seen {
  readonly time: string
  /** Parts of a long line, which have one time. */
  readonly parts: number
  readonly isWhole: boolean
}

/** A time this far ahead of the clock is one of before it was set back. */
const AHEAD_MS = 1_000

/**
 * Docker reads a file that has taken another's place from its start, and one that is asked for from a time on from the line
 * of that time. Times rise within a stream; the two streams are written by turns, so that one may be a little behind. One thing nobody can tell: whether the part of a
 * long line with which a file begins comes again, or is like the one before.
 */
export function createRepeatedLines(clock: Clock): RepeatedLines {
  const seen = new Map<LogLine['stream'], Seen>()
  /** Parts of the newest line that have come again, where its stream is at lines of before. */
  const again = new Map<LogLine['stream'], number>()
  const isAhead = (time: string) => millisecondsOf(time) > clock.now() + AHEAD_MS
  const take = (time: string, { stream, bytes }: LogLine, parts: number) => {
    again.delete(stream)
    seen.set(stream, { time, parts, isWhole: bytes.at(-1) === 10 })
    return false
  }
  return {
    has(time, line) {
      const last = seen.get(line.stream)
      if (last === undefined || time > last.time || (time < last.time && isAhead(last.time))) return take(time, line, 1)
      if (time < last.time) again.set(line.stream, 0)
      const parts = again.get(line.stream)
      if (time < last.time || (last.isWhole && parts === undefined)) return true
      if (parts === undefined || parts >= last.parts) return last.isWhole || take(time, line, last.parts + 1)
      again.set(line.stream, parts + 1)
      return true
    },
    resumeAt() {
      const times = [...seen.values()].map(({ time }) => time).toSorted()
      for (const stream of seen.keys()) again.set(stream, 0)
      const newest = times.at(-1)
      return newest !== undefined && isAhead(newest) ? new Date(clock.now()).toISOString() : newest
    },
  }
}
