import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Entry, Snapshot } from '../store.ts'
import { encodeEntries } from './lines.ts'
import { stateName } from './load.ts'
import { createSegment, publishSegment } from './segment-file.ts'

/** Objects that are encoded in one turn of the event loop: a millisecond or two. */
const ENTRIES_A_FRAME = 64

/** Writes `state`, with `count` objects, as a segment of its own, and removes what it makes superfluous. Resolves to its size. */
export async function writeState(
  directory: string,
  state: Snapshot,
  count: number,
  signal: AbortSignal,
): Promise<number> {
  const { revision } = state
  const name = stateName(revision)
  const segment = await createSegment(directory, name, { format: 2, kind: 'state', revision, count })
  try {
    for (const entries of framesOf(state)) {
      signal.throwIfAborted()
      await segment.write(encodeEntries({ revision, count }, entries))
    }
    await publishSegment(directory, name, segment)
  } finally {
    await segment.close()
  }
  await removeBefore(directory, revision)
  return segment.end
}

function* framesOf(state: Snapshot): Iterable<readonly Entry[]> {
  let frame: Entry[] = []
  for (const resource of state.resources()) {
    for (const entry of state.list(resource)) {
      if (frame.push(entry) < ENTRIES_A_FRAME) continue
      yield frame
      frame = []
    }
  }
  if (frame.length > 0) yield frame
}

async function removeBefore(directory: string, revision: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const [, found] = /^(?:state|changes)\.(\d+)$/.exec(name) ?? []
    if (found !== undefined && Number(found) < revision) await rm(join(directory, name))
  }
}
