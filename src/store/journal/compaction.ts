import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Entry, Snapshot } from '../store.ts'
import { encodeEntries } from './lines.ts'
import { stateName } from './load.ts'
import { createSegment, publishSegment } from './segment-file.ts'

/**
 * Writes `state`, with `count` objects, as a segment of its own, and removes what it makes superfluous. Resolves to its size.
 * `rested` is awaited after each frame, with the bytes so far: others share the event loop and the disk.
 */
export async function writeState(
  directory: string,
  state: Snapshot,
  count: number,
  rested: (bytes: number) => Promise<void>,
): Promise<number> {
  const { revision } = state
  const name = stateName(revision)
  const segment = await createSegment(directory, name, { format: 2, kind: 'state', revision, count })
  try {
    for (const frame of encodeEntries({ revision, count }, entriesOf(state))) {
      await segment.write(frame)
      await rested(segment.end)
    }
    await publishSegment(directory, name, segment)
  } finally {
    await segment.close()
  }
  await removeBefore(directory, revision)
  return segment.end
}

function* entriesOf(state: Snapshot): Iterable<Entry> {
  for (const resource of state.resources()) yield* state.list(resource)
}

async function removeBefore(directory: string, revision: number): Promise<void> {
  for (const name of await readdir(directory)) {
    const [, found] = /^(?:state|changes)\.(\d+)$/.exec(name) ?? []
    if (found !== undefined && Number(found) < revision) await rm(join(directory, name))
  }
}
