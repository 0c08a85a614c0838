import { encodeValues, pathOfUncloneable } from '../wire/values.ts'
import { ComputeError } from '../errors.ts'
import type { StageInput, Unit } from './stage-input.ts'

/** More records than this never travel together. */
const MAX_RECORDS = 8192

/** Records that the driver holds, cut so that each thread gets a few tasks. */
export function recordsInput(records: readonly unknown[]): StageInput {
  let taken = 0
  return {
    input: { kind: 'records' },
    totalBytes: undefined,
    next(threads) {
      if (taken >= records.length) return undefined
      const order = taken
      taken += Math.min(MAX_RECORDS, Math.ceil((records.length - taken) / (threads * 3)))
      return { order, records: records.slice(order, taken) }
    },
    isExhausted: () => taken >= records.length,
    encode: ({ order, records: own = [] }) => encodeRecords(own, order),
    describe: ({ order, records: own = [] }) => `records ${order} to ${order + own.length - 1}`,
    sample: (units) => recordsInput(spread(records, units * 1000)),
  }
}

function spread(records: readonly unknown[], most: number): readonly unknown[] {
  const every = Math.max(1, Math.ceil(records.length / most))
  return every === 1 ? records : records.filter((_, index) => index % every === 0)
}

/** How many records may wait at the driver for a thread. */
const MAX_WAITING = 16_384
const CHUNK = 1024

/** Records of an iterable: it is read no faster than workers take what it gives. */
export function streamInput(source: Iterable<unknown> | AsyncIterable<unknown>): StageInput {
  let waiting: unknown[] = []
  let taken = 0
  let ended = false
  let closed = false
  let onRoom: (() => void) | undefined
  const take = (): Unit | undefined => {
    if (waiting.length === 0 || (waiting.length < CHUNK && !ended)) return undefined
    const records = waiting.splice(0, CHUNK)
    const order = taken
    taken += records.length
    if (waiting.length < MAX_WAITING / 2) onRoom?.()
    return { order, records }
  }
  const read = async (onMore: () => void) => {
    for await (const record of source) {
      if (closed) return
      if (waiting.push(record) % CHUNK === 0) onMore()
      if (waiting.length >= MAX_WAITING) await new Promise<void>((resolve) => (onRoom = resolve))
    }
    ended = true
    onMore()
  }
  return {
    input: { kind: 'records' },
    totalBytes: undefined,
    next: take,
    isExhausted: () => ended && waiting.length === 0,
    listen: (onMore, onError) => void read(onMore).catch(onError),
    encode: ({ order, records = [] }) => encodeRecords(records, order),
    describe: ({ order, records = [] }) => `records ${order} to ${order + records.length - 1}`,
    close() {
      closed = true
      waiting = []
      onRoom?.()
    },
  }
}

function encodeRecords(records: readonly unknown[], first: number): Uint8Array {
  try {
    return encodeValues(records)
  } catch (cause) {
    for (let index = 0; index < records.length; index++) {
      const found = pathOfUncloneable(records[index], `records[${first + index}]`)
      if (found === undefined) continue
      const message = `Cannot send "${found.path}" to a worker: it is ${found.what}, expected what structured clone can carry`
      const hint = 'Send the data that it is made of; perWorker() is for things like connections'
      throw new ComputeError('SHOAL_ITEM_CANNOT_TRAVEL', message, { cause, facts: found, hint })
    }
    throw cause
  }
}
