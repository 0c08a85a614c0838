import { encodeValues } from '../wire/values.ts'
import { heapShare } from './heap-share.ts'
import { encodeHashBlock, rowsFor } from './block.ts'
import type { HashBlock } from './block.ts'
import type { Exchanger } from './exchanger.ts'
import { hashOf, keyId, partitionOf } from './key.ts'
import type { OutputFile } from './output-file.ts'

type AnyFunction = (...args: never[]) => unknown

export interface HashExchange {
  readonly partitions: number
  readonly key: 'pair' | 'self' | AnyFunction
  readonly combine?: 'count' | AnyFunction
}

/** Rows are written out when there are so many, or as much memory as this may be held by them. */
const FLUSH_ROWS = 1 << 20
const FLUSH_BYTES = heapShare(64 * 1024 * 1024, 8)
/** How often it is looked how large values are, once it was looked at the first, second, fourth and so on. */
const MEASURE_EVERY = 4096
const isMeasured = (count: number) =>
  count % MEASURE_EVERY === 0 || (count < MEASURE_EVERY && (count & (count - 1)) === 0)
const KEY_BYTES = 80

/**
 * Gives each row to the partition of its key's hash. A key is looked up once for each row, and hashed once for each flush: rows
 * hold the place of their key. Where values combine, each key has one row.
 */
export function hashExchanger(exchange: HashExchange, file: OutputFile): Exchanger {
  const rows = exchange.combine === undefined ? manyRows(exchange.key) : oneRow(exchange)
  const flush = () => {
    const { blocks, counts } = scatter(rows.take(), exchange.partitions)
    file.append(blocks, counts)
  }
  return {
    add(record) {
      rows.add(record)
      if (rows.isFull()) flush()
    },
    finish: flush,
  }
}

/** Rows that were gathered, by columns; `places` is absent where each key has one row. */
interface Rows {
  readonly ids: readonly unknown[]
  readonly keys: readonly unknown[]
  readonly places: Uint32Array | undefined
  readonly values: readonly unknown[] | 'keys' | undefined
}

interface Gatherer {
  add(record: unknown): void
  isFull(): boolean
  take(): Rows
}

function manyRows(key: HashExchange['key']): Gatherer {
  const isPair = key === 'pair'
  const keyOf = (isPair ? firstOf : key === 'self' ? itself : key) as (record: unknown) => unknown
  let byId = new Map<unknown, number>()
  let keys: unknown[] = []
  let places = new Uint32Array(1 << 14)
  let values: unknown[] = []
  let count = 0
  let areKeys = true
  let valueBytes = 16
  /** Of texts, which are seen for nothing. */
  let textBytes = 0
  return {
    add(record) {
      const key = keyOf(record)
      const value = isPair ? (record as readonly unknown[])[1] : record
      const id = keyId(key)
      let place = byId.get(id)
      if (place === undefined) {
        place = keys.length
        byId.set(id, place)
        keys.push(key)
      }
      if (count === places.length) places = widened(places)
      places[count++] = place
      values.push(value)
      if (areKeys && value !== key) areKeys = false
      if (typeof value === 'string') textBytes += value.length
      else if (isMeasured(count)) valueBytes = Math.max(16, encodeValues([value]).byteLength * 2)
    },
    isFull: () =>
      count >= FLUSH_ROWS ||
      (areKeys ? count * 8 : count * valueBytes + textBytes * 2) + keys.length * KEY_BYTES > FLUSH_BYTES,
    take() {
      const taken = {
        ids: [...byId.keys()],
        keys,
        places: places.subarray(0, count),
        values: areKeys ? 'keys' : values,
      }
      byId = new Map()
      keys = []
      values = []
      places = new Uint32Array(1 << 14)
      count = 0
      textBytes = 0
      areKeys = true
      return taken as Rows
    },
  }
}

/** Combines the values of each key as they come. */
function oneRow({ key, combine }: HashExchange): Gatherer {
  const isPair = key === 'pair'
  const keyOf = (isPair ? firstOf : key === 'self' ? itself : key) as (record: unknown) => unknown
  const combined = combine as unknown as (left: unknown, right: unknown) => unknown
  const isCount = combine === 'count'
  let byId = new Map<unknown, number>()
  let keys: unknown[] = []
  let values: unknown[] = []
  let adds = 0
  let valueBytes = 16
  return {
    add(record) {
      const key = keyOf(record)
      const id = keyId(key)
      const place = byId.get(id)
      if (!isCount && isPair && isMeasured(++adds) && place !== undefined) {
        valueBytes = Math.max(16, encodeValues([values[place]]).byteLength * 2)
      }
      if (place === undefined) {
        byId.set(id, keys.length)
        keys.push(key)
        values.push(isCount ? 1 : isPair ? (record as readonly unknown[])[1] : undefined)
      } else if (isCount) values[place] = (values[place] as number) + 1
      else if (isPair) values[place] = combined(values[place], (record as readonly unknown[])[1])
    },
    isFull: () => keys.length >= FLUSH_ROWS >> 2 || keys.length * (KEY_BYTES + valueBytes) > FLUSH_BYTES,
    take() {
      const taken: Rows = {
        ids: [...byId.keys()],
        keys,
        places: undefined,
        values: isCount || isPair ? values : undefined,
      }
      byId = new Map()
      keys = []
      values = []
      return taken
    },
  }
}

const firstOf = (record: unknown): unknown => {
  if (!Array.isArray(record)) throw notAPair(record)
  return record[0]
}
const itself = (record: unknown): unknown => record

function notAPair(record: unknown): TypeError {
  const what = record === null ? 'null' : `a ${typeof record}`
  return new TypeError(
    `Cannot take the key of a record: it is ${what}, expected a pair [key, value]; keyBy() makes pairs`,
  )
}

function widened(places: Uint32Array): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(places.length * 2)
  wider.set(places)
  return wider
}

/** One block for each partition that has rows. */
function scatter(rows: Rows, partitions: number): { blocks: (Uint8Array | undefined)[]; counts: Uint32Array } {
  const { ids, keys, places, values } = rows
  const partitionOfKey = new Uint16Array(ids.length)
  const placeWithin = new Uint32Array(ids.length)
  const keysOf: unknown[][] = Array.from({ length: partitions }, () => [])
  for (let at = 0; at < ids.length; at++) {
    const partition = partitionOf(hashOf(ids[at]), partitions)
    partitionOfKey[at] = partition
    placeWithin[at] = keysOf[partition]!.push(keys[at]) - 1
  }
  const counts = new Uint32Array(partitions)
  const columns =
    places === undefined
      ? keyedValues(partitionOfKey, values, keysOf, counts)
      : placedValues(places, partitionOfKey, placeWithin, values, keysOf, counts)
  const blocks = keysOf.map((own, partition) => {
    if (own.length === 0) return undefined
    const block: HashBlock = {
      keys: own,
      rows: columns.rows?.[partition],
      values: values === 'keys' || values === undefined ? values : columns.values[partition],
    }
    return encodeHashBlock(block)
  })
  return { blocks, counts }
}

type Columns = {
  readonly rows: readonly (Uint8Array | Uint16Array | Uint32Array)[] | undefined
  readonly values: readonly unknown[][]
}

function keyedValues(
  partitionOfKey: Uint16Array,
  values: Rows['values'],
  keysOf: readonly unknown[][],
  counts: Uint32Array,
): Columns {
  const own: unknown[][] = keysOf.map(() => [])
  for (let partition = 0; partition < counts.length; partition++) counts[partition] = keysOf[partition]!.length
  if (Array.isArray(values))
    for (let at = 0; at < partitionOfKey.length; at++) own[partitionOfKey[at]!]!.push(values[at])
  return { rows: undefined, values: own }
}

function placedValues(
  places: Uint32Array,
  partitionOfKey: Uint16Array,
  placeWithin: Uint32Array,
  values: Rows['values'],
  keysOf: readonly unknown[][],
  counts: Uint32Array,
): Columns {
  for (let row = 0; row < places.length; row++) counts[partitionOfKey[places[row]!]!]!++
  const rows = keysOf.map((keys, partition) => rowsFor(counts[partition]!, keys.length))
  const own: unknown[][] = keysOf.map(() => [])
  const filled = new Uint32Array(counts.length)
  const hasValues = Array.isArray(values)
  for (let row = 0; row < places.length; row++) {
    const key = places[row]!
    const partition = partitionOfKey[key]!
    rows[partition]![filled[partition]!++] = placeWithin[key]!
    if (hasValues) own[partition]!.push(values[row])
  }
  return { rows, values: own }
}
