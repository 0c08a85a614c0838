import type { JoinHow } from '../dataset/plan.ts'
import type { PartStore } from '../worker/part-store.ts'
import { hashBlocks, hashKeys, placesOf } from './hash-blocks.ts'
import { keyId } from './key.ts'
import type { PartsTask } from './output.ts'
import type { RecordBatches } from './record-batches.ts'

/** The values of one side by key. */
interface Side {
  readonly keys: unknown[]
  readonly values: unknown[][]
  readonly known: Map<unknown, number>
}

/** Whether a join gives rows of `side` that met nobody. */
export function keepsLonely(how: JoinHow, side: 0 | 1): boolean {
  return how === 'full' || how === (side === 0 ? 'left' : 'right')
}

/**
 * Pairs of the two sides' values for each key. The second side is held, the first one streams past it; rows of the second side that
 * met nobody come last.
 */
export async function* joinParts(task: PartsTask, store: PartStore, how: JoinHow): RecordBatches {
  if (task.lonely?.are === 'all') return yield* lonelyRows(task, store, task.lonely.side)
  const leftOut = task.lonely?.of ?? []
  const keeps = (side: 0 | 1) => keepsLonely(how, side) && !leftOut.includes(side)
  const right = await held(task, store, 1)
  const met = new Uint8Array(right.keys.length)
  for await (const block of hashBlocks(task, 0, store)) {
    const known = right.known
    const before = known.size
    const unmatched: unknown[] = []
    const places = placesOf(block, task.piece, known, (key) => unmatched.push(key))
    yield joinedRows(block, places, right, { before, met, keepsLeft: keeps(0) })
    // Keys that only the first side has take no room beyond their block.
    for (const key of unmatched) known.delete(keyId(key))
  }
  if (keeps(1)) yield lonely(right, met, 1)
}

/** Rows of one side whose key the other side does not have: that one is held, of the other one its keys pass by. */
async function* lonelyRows(task: PartsTask, store: PartStore, side: 0 | 1): RecordBatches {
  const own = await held(task, store, side)
  const met = new Uint8Array(own.keys.length)
  for await (const keys of hashKeys(task, 1 - side, store)) {
    for (const key of keys) {
      const place = own.known.get(keyId(key))
      if (place !== undefined) met[place] = 1
    }
  }
  yield lonely(own, met, side)
}

async function held(task: PartsTask, store: PartStore, which: 0 | 1): Promise<Side> {
  const side: Side = { keys: [], values: [], known: new Map() }
  for await (const block of hashBlocks(task, which, store)) {
    const places = placesOf(block, task.piece, side.known, (key) => {
      side.keys.push(key)
      side.values.push([])
    })
    const { rows, values, keys } = block
    const count = rows?.length ?? keys.length
    for (let row = 0; row < count; row++) {
      const key = rows === undefined ? row : rows[row]!
      const place = places[key]!
      if (place >= 0) side.values[place]!.push(Array.isArray(values) ? values[row] : keys[key])
    }
  }
  return side
}

interface Matching {
  /** Places from here on are of keys that the right side does not have. */
  readonly before: number
  readonly met: Uint8Array
  readonly keepsLeft: boolean
}

function* joinedRows(
  { rows, values, keys }: { rows: ArrayLike<number> | undefined; values: unknown; keys: readonly unknown[] },
  places: Int32Array,
  right: Side,
  { before, met, keepsLeft }: Matching,
): Generator<unknown> {
  const count = rows?.length ?? keys.length
  for (let row = 0; row < count; row++) {
    const at = rows === undefined ? row : rows[row]!
    const place = places[at]!
    if (place < 0) continue
    const key = keys[at]
    const left = Array.isArray(values) ? (values[row] as unknown) : key
    if (place >= before) {
      if (keepsLeft) yield [key, [left, undefined]]
      continue
    }
    met[place] = 1
    for (const value of right.values[place]!) yield [key, [left, value]]
  }
}

function* lonely(own: Side, met: Uint8Array, side: 0 | 1): Generator<unknown> {
  for (let place = 0; place < met.length; place++) {
    if (met[place] === 1) continue
    for (const value of own.values[place]!)
      yield [own.keys[place], side === 0 ? [value, undefined] : [undefined, value]]
  }
}
