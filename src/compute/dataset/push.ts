/** Takes a record; where it has to wait, a promise of having taken it. */
export type Push = (record: unknown) => void | Promise<void>

/** Pushes all of them, in order. */
export function pushAll(records: Iterable<unknown>, next: Push): void | Promise<void> {
  // By index: an array iterator costs more than the word that it gives.
  return Array.isArray(records) ? pushArray(records, 0, next) : pushIterator(records[Symbol.iterator](), next)
}

function pushArray(records: readonly unknown[], from: number, next: Push): void | Promise<void> {
  for (let at = from; at < records.length; at++) {
    const waiting = next(records[at])
    if (waiting !== undefined) return waiting.then(() => pushArray(records, at + 1, next))
  }
}

function pushIterator(records: Iterator<unknown>, next: Push): void | Promise<void> {
  for (let step = records.next(); step.done !== true; step = records.next()) {
    const waiting = next(step.value)
    if (waiting !== undefined) return waiting.then(() => pushIterator(records, next))
  }
}
