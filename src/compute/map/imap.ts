import type { Coordinator } from '../coordinator/coordinator.ts'
import type { StageHandle } from '../coordinator/stage.ts'
import type { Shipment } from '../wire/shipped.ts'
import { createChunkSize } from './chunk-size.ts'
import { cancelledBy } from './map.ts'
import type { MapOptions, OnProgress } from './map.ts'
import { mapStage } from './map-stage.ts'
import type { Chunk, ChunkFlow } from './map-stage.ts'

export interface ImapOptions extends MapOptions {
  /** Results in the order of their items (default), or as they are completed. */
  readonly ordered?: boolean
  /**
   * How many items may be anywhere between the source and whoever takes the results. Where absent it follows their size:
   * some 32 MiB of results, at least four for each thread, at most 16,384.
   */
  readonly maxInFlight?: number
}

const WINDOW_BYTES = 32 * 1024 * 1024
const MAX_WINDOW = 16_384
const FIRST_WINDOW = 16

type Source = Iterable<unknown> | AsyncIterable<unknown>

/**
 * Applies the function to whatever the source gives and yields results while it goes on. The source is read no faster than
 * results are taken; leaving the loop stops the work.
 */
export async function* imapAll<R>(
  coordinator: Coordinator,
  source: Source,
  shipment: Promise<Shipment>,
  options: ImapOptions,
  onProgress: OnProgress,
): AsyncGenerator<R, void, undefined> {
  const flow = createWindow(options, onProgress)
  const handle = coordinator.open(mapStage('imap', await shipment, flow.size, flow))
  const reader = readInto(flow, source, handle)
  const ended = cancelledBy(handle, options.signal).then(
    () => flow.end(undefined),
    (error: unknown) => flow.end({ error }),
  )
  try {
    for (;;) {
      const batch = await flow.results()
      if (batch === undefined) break
      for (const result of batch) {
        yield result as R
        flow.consumed()
      }
      handle.wake()
    }
  } finally {
    handle.cancel(new DOMException('The results are no longer wanted', 'AbortError'))
    await ended
    await reader.stop()
  }
}

interface Window extends ChunkFlow {
  readonly size: ReturnType<typeof createChunkSize>
  /** Waits until there is room, then takes the item in. */
  add(item: unknown): Promise<void> | undefined
  sourceEnded(): void
  /** Results that may be yielded now; undefined at the end. Rejects with what the stage failed with. */
  results(): Promise<readonly unknown[] | undefined>
  consumed(): void
  end(failure: { readonly error: unknown } | undefined): void
}

function createWindow(options: ImapOptions, onProgress: OnProgress): Window {
  const size = createChunkSize(options.chunkSize)
  const ordered = options.ordered ?? true
  const finished = new Map<number, unknown[]>()
  const waiting: unknown[] = []
  let ready: unknown[] = []
  let taken = 0
  let nextIndex = 0
  let inFlight = 0
  let done = 0
  let threads = 1
  let bytesPerItem = 0
  let exhausted = false
  let ending: { readonly failure: { readonly error: unknown } | undefined } | undefined
  let onRoom: (() => void) | undefined
  let onResult: (() => void) | undefined

  const limit = () => {
    if (options.maxInFlight !== undefined) return options.maxInFlight
    const bySize =
      done === 0 ? FIRST_WINDOW : Math.min(MAX_WINDOW, Math.floor(WINDOW_BYTES / Math.max(1, bytesPerItem)))
    return Math.max(bySize, threads * 4)
  }
  const room = () => {
    if (inFlight >= limit() && ending === undefined) return
    onRoom?.()
    onRoom = undefined
  }
  const release = () => {
    for (let made = finished.get(nextIndex); made !== undefined; made = finished.get(nextIndex)) {
      finished.delete(nextIndex)
      nextIndex += made.length
      for (const result of made) ready.push(result)
    }
  }
  const put = (chunk: Chunk, made: unknown[], bytes: number) => {
    done += made.length
    if (made.length > 0) bytesPerItem = Math.max(bytes / made.length, bytesPerItem * 0.9)
    if (ordered) {
      finished.set(chunk.first, made)
      release()
    } else for (const result of made) ready.push(result)
    onProgress(done, exhausted ? taken + waiting.length : undefined)
    onResult?.()
    room()
  }
  return {
    size,
    take(count) {
      threads = count
      if (waiting.length === 0) return undefined
      const share = Math.ceil(limit() / Math.max(1, count * 3))
      const chunk = waiting.splice(0, Math.min(size.next(waiting.length, exhausted ? count : 0.5), share))
      const first = taken
      taken += chunk.length
      return { first, items: chunk }
    },
    isExhausted: () => exhausted && waiting.length === 0,
    put,
    putBeforeFailure: (chunk, made) => {
      if (made.length > 0) put({ first: chunk.first, items: chunk.items.slice(0, made.length) }, made, 0)
    },
    add(item) {
      waiting.push(item)
      inFlight++
      if (inFlight < limit()) return undefined
      return new Promise((resolve) => (onRoom = resolve))
    },
    sourceEnded: () => void (exhausted = true),
    async results() {
      while (ready.length === 0 && ending === undefined) await new Promise<void>((resolve) => (onResult = resolve))
      const batch = ready
      ready = []
      if (batch.length > 0) return batch
      if (ending?.failure !== undefined) throw ending.failure.error
      return undefined
    },
    consumed() {
      inFlight--
      room()
    },
    end(failure) {
      ending ??= { failure }
      onResult?.()
      room()
    },
  }
}

/** Reads the source into the window, no faster than there is room; an error of the source fails the stage. */
function readInto(flow: Window, source: Source, handle: StageHandle): { stop(): Promise<void> } {
  let stopped = false
  const read = async () => {
    let sinceWake = 0
    try {
      for await (const item of itemsOf(source)) {
        if (stopped) return
        const full = flow.add(item)
        if (full !== undefined || ++sinceWake >= WAKE_EVERY || !(Symbol.iterator in source)) {
          handle.wake()
          sinceWake = 0
          await full
        }
        if (stopped) return
      }
      flow.sourceEnded()
      handle.wake()
    } catch (error) {
      handle.cancel(error)
    }
  }
  const reading = read()
  return {
    async stop() {
      stopped = true
      // A source that waits for ever cannot be made to stop: it is left, not waited for.
      await Promise.race([reading, Promise.resolve()])
    },
  }
}

const WAKE_EVERY = 256

/** Reads plain iterables without a promise for each item. */
async function* itemsOf(source: Source): AsyncGenerator<unknown> {
  if (Symbol.asyncIterator in source) yield* source
  else yield* source
}
