import type { StageHost } from '../coordination.ts'
import type { StageHandle } from '../coordinator/stage.ts'
import type { Shipment } from '../wire/shipped.ts'
import { createChunkSize } from './chunk-size.ts'
import type { ChunkSize } from './chunk-size.ts'
import { mapStage } from './map-stage.ts'
import type { ChunkFlow } from './map-stage.ts'

export interface MapOptions {
  /** Stops the work and rejects with its reason. */
  readonly signal?: AbortSignal
  /** How many items travel together. Found from what they cost where absent. */
  readonly chunkSize?: number
}

/** Told of progress, in items. */
export type OnProgress = (done: number, total: number | undefined) => void

/** Applies the function to all items and gives the results in their order. */
export async function mapAll<R>(
  coordinator: StageHost,
  items: readonly unknown[],
  shipment: Shipment,
  options: MapOptions,
  onProgress: OnProgress,
): Promise<R[]> {
  const size = createChunkSize(options.chunkSize)
  const results = new Array<R>(items.length)
  let done = 0
  const flow: ChunkFlow = {
    ...chunksOf(items, size),
    put({ first }, made) {
      for (let index = 0; index < made.length; index++) results[first + index] = made[index] as R
      done += made.length
      onProgress(done, items.length)
    },
  }
  const handle = coordinator.open(mapStage('map', shipment, size, flow))
  await cancelledBy(handle, options.signal)
  return results
}

/** Items in chunks, one after the other, as large as `size` says at the time. */
export function chunksOf(
  items: readonly unknown[],
  size: ChunkSize,
): Pick<ChunkFlow, 'take' | 'isExhausted' | 'waiting'> {
  let taken = 0
  return {
    take(threads) {
      if (taken >= items.length) return undefined
      const first = taken
      taken += size.next(items.length - taken, threads)
      return { first, items: items.slice(first, taken) }
    },
    isExhausted: () => taken >= items.length,
    waiting: () => size.chunksOf(items.length - taken),
  }
}

/** `handle.finished`, with the stage cancelled when `signal` is aborted. */
export async function cancelledBy(handle: StageHandle, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return handle.finished
  const onAbort = () => handle.cancel(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await handle.finished
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
