import type { StageHost } from '../coordination.ts'
import type { Shipment } from '../wire/shipped.ts'
import { createChunkSize } from './chunk-size.ts'
import { cancelledBy } from './map.ts'
import type { MapOptions, OnProgress } from './map.ts'
import { mapStage } from './map-stage.ts'
import type { ChunkFlow } from './map-stage.ts'

/** So few values are folded as one task: spreading them costs more. */
const FEW = 16

/**
 * Makes one value of all items, two at a time: neighbours first, on the workers, then what they gave, until one is left. The
 * function has to be associative; it need not be commutative. Rejects with a TypeError where there are no items.
 */
export async function reduceAll<T>(
  coordinator: StageHost,
  items: readonly T[],
  shipment: Shipment,
  options: MapOptions,
  onProgress: OnProgress,
): Promise<T> {
  if (items.length === 0) throw new TypeError('Cannot reduce: there are no items, expected one at least, or `initial`')
  let level: readonly unknown[] = items
  while (level.length > 1) level = await foldOnce(coordinator, level, shipment, options, onProgress)
  return level[0] as T
}

/** Each task gives one value for its items, in their order. */
async function foldOnce(
  coordinator: StageHost,
  items: readonly unknown[],
  shipment: Shipment,
  options: MapOptions,
  onProgress: OnProgress,
): Promise<readonly unknown[]> {
  const size = createChunkSize(options.chunkSize)
  const made: (readonly [first: number, value: unknown])[] = []
  let taken = 0
  const flow: ChunkFlow = {
    take(threads) {
      const left = items.length - taken
      if (left === 0) return undefined
      const first = taken
      taken += items.length <= FEW ? left : Math.min(left, Math.max(2, size.next(left, threads)))
      return { first, items: items.slice(first, taken) }
    },
    isExhausted: () => taken >= items.length,
    put({ first, items: folded }, [value]) {
      made.push([first, value])
      onProgress(folded.length, undefined)
    },
  }
  await cancelledBy(coordinator.open(mapStage('reduce', shipment, size, flow, 'fold')), options.signal)
  return made.sort(([left], [right]) => left - right).map(([, value]) => value)
}
