import { createHash } from 'node:crypto'
import type { StageHost } from '../coordination.ts'
import type { StageHandle, StageSpec } from '../coordinator/stage.ts'
import type { Journal, JournalEntry } from './journal-file.ts'
import { inputOf, replay } from './replay.ts'

/**
 * A coordinator whose commits are recorded. A stage is a machine that is driven from outside: it is asked for work and given
 * results. What it was asked and given is what the journal holds; a stage that a later driver opens with the same functions
 * is driven through the same, and goes on from there: what was committed is not done again.
 *
 * Stages whose results lie on workers, and those that are driven otherwise (calls, actors), are passed on as they are.
 */
export function journaled(host: StageHost, journal: Journal): StageHost {
  const seen = new Map<string, number>()
  return {
    ...host,
    open<Work>(spec: StageSpec<Work>): StageHandle {
      if (!isReplayable(spec as StageSpec<unknown>)) return host.open(spec)
      const name = keyOf(spec as StageSpec<unknown>)
      const count = (seen.get(name) ?? 0) + 1
      seen.set(name, count)
      return openRecorded(host, journal, `${name}#${count}`, spec as StageSpec<unknown>)
    },
  }
}

function isReplayable(spec: StageSpec<unknown>): boolean {
  const { partial, lost, home, failed } = spec
  if (spec.isReplayable === false) return false
  return [partial, lost, home, failed].every((call) => call === undefined)
}

/** The same functions with the same captured values, applied in the same way. */
function keyOf({ name, program, options, code }: StageSpec<unknown>): string {
  const hash = createHash('sha256')
    .update(name)
    .update(typeof program === 'string' ? program : program.hash)
  for (const piece of code) hash.update(piece.hash)
  return hash.update(options).digest('base64url')
}

function openRecorded(host: StageHost, journal: Journal, key: string, spec: StageSpec<unknown>): StageHandle {
  const record = (entry: JournalEntry) => journal.append(key, entry)
  const begun = replay(spec, journal.entries(key))
  if (begun.isAnew) record({ type: 'begun' })
  if (begun.isOver) return { finished: Promise.resolve(), wake() {}, cancel() {}, revoke: () => false }
  const { outstanding, numbers } = begun
  let last = begun.taken
  const recorded: StageSpec<unknown> = {
    ...spec,
    next(threads) {
      const left = outstanding.shift()
      if (left !== undefined) return left
      const work = spec.next(threads)
      if (work === undefined) return undefined
      numbers.set(work, ++last)
      record({ type: 'taken', threads })
      return work
    },
    isExhausted: () => outstanding.length === 0 && spec.isExhausted(),
    // Pieces of what was cut have no number: the whole counts as not done until a later driver does it.
    commit(work, payload, micros) {
      const number = numbers.get(work)
      const input = number === undefined ? undefined : inputOf(spec, work)
      spec.commit(work, payload, micros)
      if (number === undefined || input === undefined) return
      numbers.delete(work)
      record({ type: 'done', work: number, micros, input, payload })
    },
    commitPart(part) {
      spec.commitPart?.(part)
      record({ type: 'part', part })
    },
  }
  const handle = host.open(recorded)
  handle.finished.then(
    () => record({ type: 'ended' }),
    () => {},
  )
  return handle
}
