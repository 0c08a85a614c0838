import { createHash } from 'node:crypto'
import type { StageSpec } from '../coordinator/stage.ts'
import type { JournalEntry } from './journal-file.ts'

/** How far a stage came when it was driven through what its journal holds. */
export interface Replayed {
  /** Nothing of it is to be done. */
  readonly isOver: boolean
  /** What was recorded is of no use: other inputs, or parts that died with their workers. */
  readonly isAnew: boolean
  /** Taken and without a result, oldest first. */
  readonly outstanding: unknown[]
  /** The number under which each of these was taken. */
  readonly numbers: Map<unknown, number>
  /** How many pieces were taken. */
  readonly taken: number
}

/** Drives `spec` through `entries`, as far as these fit it. */
export function replay(spec: StageSpec<unknown>, entries: readonly JournalEntry[]): Replayed {
  const isEnded = entries.at(-1)?.type === 'ended'
  const numbers = new Map<unknown, number>()
  // Results that threads had accumulated and not handed over are gone: the whole stage is done again.
  if (entries.length === 0 || (spec.accumulates && !isEnded)) {
    return { isOver: false, isAnew: entries.length > 0, outstanding: [], numbers, taken: 0 }
  }
  const works: unknown[] = []
  const open = new Set<number>()
  for (const entry of entries) {
    if (entry.type === 'taken') {
      const work = spec.next(entry.threads)
      // A source that gives things in its own time cannot be asked twice: what it gave before is not known now.
      if (work === undefined) break
      works.push(work)
      open.add(works.length)
    } else if (entry.type === 'done') {
      const work = works[entry.work - 1]
      if (work === undefined || !open.has(entry.work) || inputOf(spec, work) !== entry.input) break
      open.delete(entry.work)
      spec.commit(work, entry.payload, entry.micros)
    } else if (entry.type === 'part') spec.commitPart?.(entry.part)
  }
  const outstanding = [...open].map((number) => works[number - 1])
  for (const number of open) numbers.set(works[number - 1], number)
  const isOver = isEnded && outstanding.length === 0 && spec.isExhausted()
  return { isOver, isAnew: false, outstanding, numbers, taken: works.length }
}

/** What goes into a piece of work: another file, or other items, are other work. */
export function inputOf(spec: StageSpec<unknown>, work: unknown): string | undefined {
  const payload = spec.encode(work, true)
  return payload instanceof Promise ? undefined : createHash('sha256').update(payload).digest('base64url')
}
