import type { StageHost } from '../coordination.ts'
import { errorOfFailure } from '../failure.ts'
import type { Settled } from '../task/future.ts'
import type { ErrorRecord } from '../wire/error-record.ts'
import type { Shipment } from '../wire/shipped.ts'
import { createChunkSize } from './chunk-size.ts'
import { cancelledBy, chunksOf } from './map.ts'
import type { MapOptions, OnProgress } from './map.ts'
import { mapStage } from './map-stage.ts'
import type { ChunkFlow } from './map-stage.ts'

type Made = readonly [0, unknown] | readonly [1, ErrorRecord]

/** Like a map, but an item that fails, or ends its worker each time, is a result like others. */
export async function mapSettledAll<R>(
  coordinator: StageHost,
  items: readonly unknown[],
  shipment: Shipment,
  options: MapOptions,
  onProgress: OnProgress,
): Promise<Settled<R>[]> {
  const size = createChunkSize(options.chunkSize)
  const results = new Array<Settled<R>>(items.length)
  let done = 0
  const flow: ChunkFlow = {
    ...chunksOf(items, size),
    put({ first }, made) {
      for (let index = 0; index < made.length; index++) {
        results[first + index] = settledOf<R>(made[index] as Made, first + index, shipment)
      }
      onProgress((done += made.length), items.length)
    },
    failed(chunk, error) {
      for (let index = 0; index < chunk.items.length; index++)
        results[chunk.first + index] = { status: 'failed', error }
      onProgress((done += chunk.items.length), items.length)
    },
  }
  await cancelledBy(coordinator.open(mapStage('map', shipment, size, flow, 'settled')), options.signal)
  return results
}

function settledOf<R>(made: Made, item: number, shipment: Shipment): Settled<R> {
  if (made[0] === 0) return { status: 'done', value: made[1] as R }
  const failure = { kind: 'threw', index: item, done: new Uint8Array(0), error: made[1] } as const
  return { status: 'failed', error: errorOfFailure(failure, `item ${item}`, [shipment]) }
}
