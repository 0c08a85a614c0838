import type { StageHost } from '../coordination.ts'
import type { StageHandle } from '../coordinator/stage.ts'
import type { Shipment } from '../wire/shipped.ts'
import { createChunkSize } from './chunk-size.ts'
import { cancelledBy } from './map.ts'
import type { MapOptions, OnProgress } from './map.ts'
import { mapStage } from './map-stage.ts'
import { Window } from './window.ts'
import type { WindowOptions } from './window.ts'

export interface ImapOptions extends MapOptions, WindowOptions {}

type Source = Iterable<unknown> | AsyncIterable<unknown>

/**
 * Applies the function to whatever the source gives and yields results while it goes on. The source is read no faster than
 * results are taken; leaving the loop stops the work.
 */
export async function* imapAll<R>(
  coordinator: StageHost,
  source: Source,
  shipment: Promise<Shipment>,
  options: ImapOptions,
  onProgress: OnProgress,
): AsyncGenerator<R, void, undefined> {
  const size = createChunkSize(options.chunkSize)
  const flow = new Window(size, options, onProgress)
  const handle = coordinator.open(mapStage('imap', await shipment, size, flow))
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
