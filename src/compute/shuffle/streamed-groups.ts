import type { PartStore } from '../worker/part-store.ts'
import { decodeHashBlock } from './block.ts'
import { requireCurrent, openGroupRuns } from './group-runs.ts'
import type { GroupRuns, SpilledGroup } from './group-runs.ts'
import { heapShare } from './heap-share.ts'
import { gather } from './hash-blocks.ts'
import type { HashBlock } from './block.ts'
import type { PartsTask } from './output.ts'
import { readParts } from './part-reader.ts'
import type { RecordBatches } from './record-batches.ts'

/** Groups of more bytes than this go to disk: a row takes several times the room in memory. */
const HELD_BYTES = heapShare(64 * 1024 * 1024, 12)
/** What a row takes beside its bytes. */
const ROW_BYTES = 16

/**
 * Pairs of a key and its records, which are iterables in the order of the input, good while the pair is worked on. However many there are:
 * what memory has no room for goes to disk in runs, and comes back from there.
 */
export async function* streamedGroups(task: PartsTask, store: PartStore, heldBytes = HELD_BYTES): RecordBatches {
  const gatherer = createGatherer(task.piece)
  let runs: GroupRuns | undefined
  const spill = async () => {
    runs ??= openGroupRuns((await store.home()).directory)
    const bytes = gatherer.bytes()
    runs.write(gatherer.take(), bytes)
  }
  try {
    for await (const bytes of readParts(task.sides[0] ?? [], store)) {
      gatherer.add(decodeHashBlock(bytes), bytes.byteLength)
      if (gatherer.bytes() > heldBytes) await spill()
    }
    if (runs === undefined) yield pairsOf(heldGroups(gatherer.take()))
    else {
      await spill()
      yield pairsOf(runs.groups())
    }
  } finally {
    runs?.[Symbol.dispose]()
  }
}

type Groups = (readonly [unknown, unknown[]])[]

function createGatherer(piece: PartsTask['piece']) {
  let known = new Map<unknown, number>()
  let groups: Groups = []
  let bytes = 0
  return {
    bytes: () => bytes,
    add(block: HashBlock, blockBytes: number) {
      const { held, share } = gather(block, piece, known, groups)
      bytes += blockBytes * share + held * ROW_BYTES
    },
    take(): Groups {
      const taken = groups
      known = new Map()
      groups = []
      bytes = 0
      return taken
    },
  }
}

function* heldGroups(groups: Groups): Generator<SpilledGroup> {
  for (const [key, records] of groups) {
    const state = { isOver: false }
    const iterate = () => {
      requireCurrent(state.isOver)
      return records[Symbol.iterator]()
    }
    yield { key, records: { [Symbol.iterator]: iterate } }
    state.isOver = true
  }
}

/** Whoever hands the records on by themselves is told: an iterable travels nowhere, since it has a function of its own. */
function* pairsOf(groups: Iterable<SpilledGroup>): Generator<unknown> {
  for (const { key, records } of groups) {
    const iterate = () => records[Symbol.iterator]()
    yield [key, { [Symbol.iterator]: iterate, iterate }]
  }
}
