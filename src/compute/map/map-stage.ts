import { basename } from 'node:path'
import type { StageSpec } from '../coordinator/stage.ts'
import { ComputeError } from '../errors.ts'
import { errorOfFailure } from '../failure.ts'
import type { MapOptions as MapProgramOptions } from '../worker/map-program.ts'
import type { Shipment } from '../wire/shipped.ts'
import { decodeValues, encodeValue, encodeValues, pathOfUncloneable } from '../wire/values.ts'
import type { ChunkSize } from './chunk-size.ts'

/** Consecutive items, and the index of the first. */
export interface Chunk {
  readonly first: number
  readonly items: readonly unknown[]
}

/** Where a map stage's chunks come from and where results go. */
export interface ChunkFlow {
  take(threads: number): Chunk | undefined
  isExhausted(): boolean
  put(chunk: Chunk, results: unknown[], bytes: number): void
  /** How many chunks are still to be taken, as far as is known; absent where it is not. */
  waiting?(): number | undefined
  /** The chunk alone failed, where its stage goes on. */
  failed?(chunk: Chunk, error: Error): void
  /** What was done before an item failed. */
  putBeforeFailure?(chunk: Chunk, results: unknown[], error: Error): void
}

/** The stage that applies a shipped function to chunks of items. */
export function mapStage(
  name: string,
  shipment: Shipment,
  size: ChunkSize,
  flow: ChunkFlow,
  mode?: NonNullable<MapProgramOptions['mode']>,
): StageSpec<Chunk> {
  const options: MapProgramOptions = { fn: shipment.shipped, ...(mode === undefined ? {} : { mode }) }
  const { failed } = flow
  return {
    name: `${name} ${nameOf(shipment)}`,
    program: 'map',
    options: encodeValue(options),
    code: shipment.code,
    accumulates: false,
    next: (threads) => flow.take(threads),
    isExhausted: () => flow.isExhausted(),
    encode: encodeChunk,
    split: ({ first, items }) => items.map((item, index) => ({ first: first + index, items: [item] })),
    sizeOf: ({ items }) => items.length,
    ...(failed === undefined ? {} : { failed }),
    waiting: () => flow.waiting?.(),
    describe: describeChunk,
    commit(chunk, payload, micros) {
      size.observe(chunk.items.length, micros)
      flow.put(chunk, decodeValues(payload), payload.byteLength)
    },
    fail(chunk, failure) {
      const error = errorOfFailure(failure, `item ${chunk.first + failure.index}`, [shipment])
      flow.putBeforeFailure?.(chunk, decodeValues(failure.done), error)
      return error
    },
  }
}

/** The function's own name, or the place where it stands. */
export function nameOf({ shipped: { display } }: Shipment): string {
  return display.name === '' ? `${basename(display.file)}:${display.line}` : display.name
}

function encodeChunk({ first, items }: Chunk): Uint8Array {
  const values = encodeItems(items, first)
  const bytes = new Uint8Array(8 + values.byteLength)
  new DataView(bytes.buffer).setFloat64(0, first, true)
  bytes.set(values, 8)
  return bytes
}

function encodeItems(items: readonly unknown[], first: number): Uint8Array {
  try {
    return encodeValues(items)
  } catch (cause) {
    for (let index = 0; index < items.length; index++) {
      const found = pathOfUncloneable(items[index], `items[${first + index}]`)
      if (found === undefined) continue
      const message = `Cannot send "${found.path}" to a worker: it is ${found.what}, expected what structured clone can carry`
      throw new ComputeError('SHOAL_ITEM_CANNOT_TRAVEL', message, {
        cause,
        facts: found,
        hint: 'Send the data that it is made of, and make it in the function; perWorker() is for things like connections',
      })
    }
    throw cause
  }
}

function describeChunk({ first, items }: Chunk): string {
  return items.length === 1 ? `item ${first}` : `items ${first} to ${first + items.length - 1}`
}
