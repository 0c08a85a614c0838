import type { Merge } from '../dataset/plan.ts'
import type { PartStore } from '../worker/part-store.ts'
import { decodeHashBlock } from './block.ts'
import { requireRoom } from './group-room.ts'
import { gather, hashBlocks, placesOf } from './hash-blocks.ts'
import { joinParts } from './join.ts'
import { RowLoader } from './loaded-rows.ts'
import type { PartsTask } from './output.ts'
import { readParts } from './part-reader.ts'
import type { RecordBatches } from './record-batches.ts'
import { sortedRecords } from './sorted-records.ts'
import { streamedGroups } from './streamed-groups.ts'

type AnyFunction = (...args: never[]) => unknown

/** What the parts of a task come to, as records again. Tasks of a stage run one after the other on a thread. */
export type MergeParts = (task: PartsTask) => RecordBatches

export function mergerOf(merge: Merge<AnyFunction>, store: PartStore): MergeParts {
  switch (merge.kind) {
    case 'concat':
      return (task) => concatenated(task, store)
    case 'group':
      return (task) => grouped(task, store)
    case 'groups':
      return (task) => streamedGroups(task, store)
    case 'reduce':
      return (task) => reduced(task, store, merge.fn as unknown as (left: unknown, right: unknown) => unknown)
    case 'count':
      return (task) => reduced(task, store, (left, right) => (left as number) + (right as number))
    case 'distinct':
      return (task) => distinct(task, store)
    case 'join':
      return (task) => joinParts(task, store, merge.how)
    case 'sort': {
      const loader = new RowLoader()
      return (task) => sortedRecords(task.sides[0] ?? [], store, merge.descending, loader)
    }
  }
}

async function* concatenated(task: PartsTask, store: PartStore): RecordBatches {
  for await (const { keys } of hashBlocks(task, 0, store)) yield keys
}

async function* grouped(task: PartsTask, store: PartStore): RecordBatches {
  const known = new Map<unknown, number>()
  const groups: [unknown, unknown[]][] = []
  let heldBytes = 0
  for await (const bytes of readParts(task.sides[0] ?? [], store)) {
    requireRoom(groups, heldBytes, bytes.byteLength)
    heldBytes += bytes.byteLength * gather(decodeHashBlock(bytes), task.piece, known, groups).share
  }
  yield groups
}

async function* reduced(
  task: PartsTask,
  store: PartStore,
  fn: (left: unknown, right: unknown) => unknown,
): RecordBatches {
  const known = new Map<unknown, number>()
  const made: [unknown, unknown][] = []
  for await (const block of hashBlocks(task, 0, store)) {
    const before = made.length
    const places = placesOf(block, task.piece, known, (key) => made.push([key, NOTHING]))
    const { rows, values, keys } = block
    const count = rows?.length ?? keys.length
    for (let row = 0; row < count; row++) {
      const key = rows === undefined ? row : rows[row]!
      const place = places[key]!
      if (place < 0) continue
      const pair = made[place]!
      const value = Array.isArray(values) ? (values[row] as unknown) : keys[key]
      pair[1] = place >= before && pair[1] === NOTHING ? value : fn(pair[1], value)
    }
  }
  yield made
}

const NOTHING = Symbol('nothing')

async function* distinct(task: PartsTask, store: PartStore): RecordBatches {
  const known = new Map<unknown, number>()
  for await (const block of hashBlocks(task, 0, store)) {
    const fresh: unknown[] = []
    placesOf(block, task.piece, known, (key) => fresh.push(key))
    yield fresh
  }
}
