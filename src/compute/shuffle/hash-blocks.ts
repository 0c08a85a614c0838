import type { PartStore } from '../worker/part-store.ts'
import { decodeHashBlock, decodeHashKeys } from './block.ts'
import type { HashBlock } from './block.ts'
import { hashOf, keyId, pieceOf } from './key.ts'
import type { PartsTask } from './output.ts'
import { readParts } from './part-reader.ts'

/** The blocks of one side of a task. */
export async function* hashBlocks(task: PartsTask, side: number, store: PartStore): AsyncGenerator<HashBlock> {
  for await (const bytes of readParts(task.sides[side] ?? [], store)) yield decodeHashBlock(bytes)
}

/** The same, but for their keys alone. */
export async function* hashKeys(task: PartsTask, side: number, store: PartStore): AsyncGenerator<readonly unknown[]> {
  for await (const bytes of readParts(task.sides[side] ?? [], store)) yield decodeHashKeys(bytes)
}

/**
 * Places of a block's keys in `known`, made where they are new: `add` is told of each new key. A key that belongs to another piece
 * of the partition has the place -1.
 */
export function placesOf(
  block: HashBlock,
  piece: PartsTask['piece'],
  known: Map<unknown, number>,
  add: (key: unknown) => void,
): Int32Array {
  const places = new Int32Array(block.keys.length)
  for (let at = 0; at < places.length; at++) {
    const key = block.keys[at]
    const id = keyId(key)
    if (piece !== undefined && pieceOf(hashOf(id), piece.of) !== piece.index) {
      places[at] = -1
      continue
    }
    let place = known.get(id)
    if (place === undefined) {
      place = known.size
      known.set(id, place)
      add(key)
    }
    places[at] = place
  }
  return places
}

/** Brings a block's rows to the groups of their keys, which `known` finds; returns the share of them that is of the piece, and their number. */
export function gather(
  block: HashBlock,
  piece: PartsTask['piece'],
  known: Map<unknown, number>,
  groups: (readonly [key: unknown, records: unknown[]])[],
): { readonly held: number; readonly share: number } {
  const places = placesOf(block, piece, known, (key) => groups.push([key, []]))
  const { rows, values, keys } = block
  const count = rows?.length ?? keys.length
  let held = 0
  for (let row = 0; row < count; row++) {
    const key = rows === undefined ? row : rows[row]!
    const place = places[key]!
    if (place < 0) continue
    groups[place]![1].push(Array.isArray(values) ? values[row] : keys[key])
    held++
  }
  return { held, share: held / Math.max(1, count) }
}
