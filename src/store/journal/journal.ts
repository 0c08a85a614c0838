import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sleep } from '../../env/clock.ts'
import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { Journal } from '../core.ts'
import { fileError, lockDirectory } from '../data-directory.ts'
import { loadedState, emptyState } from '../state.ts'
import type { State } from '../state.ts'
import { StoreError } from '../store.ts'
import type { Commit, Snapshot } from '../store.ts'
import { writeState } from './compaction.ts'
import { encodeCommits } from './lines.ts'
import { changesName, entriesOf, loadSegments, stateName } from './load.ts'
import type { Loaded } from './load.ts'
import { createSegment, publishSegment, reopenSegment, syncDirectory } from './segment-file.ts'
import type { SegmentFile } from './segment-file.ts'

/** What is loaded, and where commits go from then on. */
export interface OpenJournal {
  readonly state: State
  readonly journal: Journal
}

/** How large the changes may become, next to the state that they follow, before a new state is written. */
export interface CompactionLimits {
  /** Changes of fewer bytes are left alone, but for the end: what is loaded at the next start shall be small. Default 64 MiB. */
  readonly leastBytes: number
}

/** Opens the files in `directory`, which is locked until the journal is closed. Rejects with a StoreError. */
export async function openJournal(
  directory: string,
  startRevision: number,
  { log, timers }: Pick<Environment, 'log' | 'timers'>,
  limits: CompactionLimits = { leastBytes: 64 << 20 },
): Promise<OpenJournal> {
  const unlock = await lockDirectory(directory)
  try {
    const loaded = loadSegments(directory)
    // The directory itself may be as new as what is in it.
    if (loaded === undefined)
      for (const each of [dirname(directory), dirname(dirname(directory))]) await syncDirectory(each)
    const state =
      loaded === undefined ? emptyState(startRevision) : loadedState(loaded.revision, entriesOf(loaded.objects))
    const segment = await (loaded === undefined ? begin(directory, startRevision, 0) : goOn(directory, loaded))
    const sizes = {
      stateBytes: loaded?.stateBytes ?? 0,
      earlierBytes: (loaded?.changesBytes ?? segment.end) - segment.end,
    }
    const journal = new SegmentJournal(
      { directory, log, timers, limits, unlock },
      segment,
      state,
      loaded?.count ?? 0,
      sizes,
    )
    return { state, journal }
  } catch (error) {
    unlock()
    throw error instanceof StoreError ? error : fileError(directory, error)
  }
}

/** A new segment for what comes after `revision`, at which there are `count` objects. */
async function begin(directory: string, revision: number, count: number): Promise<SegmentFile> {
  const name = changesName(revision)
  const segment = await createSegment(directory, name, { format: 2, kind: 'changes', revision, count })
  try {
    await publishSegment(directory, name, segment)
    return segment
  } catch (error) {
    await segment.close()
    for (const each of [name, `${name}.new`]) await rm(join(directory, each), { force: true })
    throw error
  }
}

async function goOn(directory: string, { current }: Loaded): Promise<SegmentFile> {
  await syncDirectory(directory)
  return reopenSegment(join(directory, current.name), current.end, current.torn)
}

/** The mark may be so much behind what was flushed, and its own flush so much behind the mark. */
const MARK_AFTER_MS = 20
const FLUSH_MARK_AFTER_MS = 1_000
/**
 * After each frame of a state that is written beside commits, of which it takes a fifth of the time then; as long as more of it
 * is written than of them, by so many times.
 */
const REST = { ms: 4, aheadBy: 2 }
/** Changes that are loaded in a moment. */
const LEAST_AT_THE_END_BYTES = 1 << 20

interface Place {
  readonly directory: string
  readonly log: Environment['log']
  readonly timers: Environment['timers']
  readonly limits: CompactionLimits
  readonly unlock: () => void
}

/** Bytes on the disk: of the newest state, and of the segments of changes after it but for the one written to. */
interface Sizes {
  readonly stateBytes: number
  readonly earlierBytes: number
}

/**
 * Commits go to one segment of changes. When the changes since the last state outweigh it, a compaction runs: commits go to
 * a new segment from then on, and meanwhile the state as it was before is written as a whole; what is older is removed.
 */
class SegmentJournal implements Journal {
  readonly #place: Place
  readonly #ending = new AbortController()
  #segment: SegmentFile
  #state: Snapshot
  #count: number
  #sizes: Sizes
  #compacting: Promise<void> | undefined
  #marker: Timer | undefined
  #markFlusher: Timer | undefined
  /** A compaction that failed is tried again when the changes have grown to so many bytes. */
  #notBefore = 0

  constructor(place: Place, segment: SegmentFile, state: Snapshot, count: number, sizes: Sizes) {
    this.#place = place
    this.#segment = segment
    this.#state = state
    this.#count = count
    this.#sizes = sizes
  }

  async write(commits: readonly Commit[], state: Snapshot): Promise<void> {
    try {
      if (this.#wantsCompaction()) await this.#startCompaction()
      const count = this.#count + countDifference(commits)
      await this.#segment.append(encodeCommits({ revision: state.revision, count }, commits))
      this.#state = state
      this.#count = count
      this.#marker ??= this.#place.timers.after(MARK_AFTER_MS, () => this.#mark(), { background: true })
    } catch (error) {
      throw fileError(this.#place.directory, error)
    }
  }

  async close(): Promise<void> {
    this.#marker?.cancel()
    this.#markFlusher?.cancel()
    const { stateBytes } = this.#sizes
    const isLarge = this.#changesBytes() > Math.max(LEAST_AT_THE_END_BYTES, stateBytes / 2)
    if (this.#compacting === undefined && isLarge) await this.#startCompaction(0)
    else this.#ending.abort()
    await this.#compacting
    await this.#segment.close()
    this.#place.unlock()
  }

  #mark(): void {
    this.#marker = undefined
    void this.#segment.mark()
    this.#markFlusher ??= this.#place.timers.after(FLUSH_MARK_AFTER_MS, () => this.#flushMark(), { background: true })
  }

  #flushMark(): void {
    this.#markFlusher = undefined
    void this.#segment.flushMark()
  }

  #changesBytes(): number {
    return this.#sizes.earlierBytes + this.#segment.end
  }

  #wantsCompaction(): boolean {
    if (this.#compacting !== undefined) return false
    const bytes = this.#changesBytes()
    return bytes > Math.max(this.#place.limits.leastBytes, this.#sizes.stateBytes, this.#notBefore)
  }

  /** Between two writes: what was written before is flushed, what comes after goes to the new segment. */
  async #startCompaction(restMs = REST.ms): Promise<void> {
    const [state, count, old] = [this.#state, this.#count, this.#segment]
    const earlierBytes = this.#changesBytes()
    try {
      this.#segment = await begin(this.#place.directory, state.revision, count)
    } catch (error) {
      return this.#postpone(error)
    }
    this.#sizes = { ...this.#sizes, earlierBytes }
    await old.close().catch(() => undefined)
    this.#compacting = this.#compact(state, count, restMs).finally(() => (this.#compacting = undefined))
  }

  async #compact(state: Snapshot, count: number, restMs: number): Promise<void> {
    const { directory, timers } = this.#place
    const { signal } = this.#ending
    try {
      const stateBytes = await writeState(directory, state, count, async (bytes) => {
        if (restMs > 0 && bytes > REST.aheadBy * this.#segment.end) await sleep(timers, restMs, signal)
        signal.throwIfAborted()
      })
      this.#sizes = { stateBytes, earlierBytes: 0 }
      this.#notBefore = 0
    } catch (error) {
      await rm(join(directory, `${stateName(state.revision)}.new`), { force: true }).catch(() => undefined)
      if (!this.#ending.signal.aborted) this.#postpone(error)
    }
  }

  #postpone(cause: unknown): void {
    const { directory, log } = this.#place
    this.#notBefore = 2 * this.#changesBytes()
    const error = fileError(directory, cause)
    log.warn('Cannot write the state of the store anew; its changes are kept for now', { error })
  }
}

function countDifference(commits: readonly Commit[]): number {
  let difference = 0
  for (const { changes } of commits) {
    for (const { type } of changes) difference += type === 'create' ? 1 : type === 'delete' ? -1 : 0
  }
  return difference
}
