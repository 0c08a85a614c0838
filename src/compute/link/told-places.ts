import type { Place } from '../coordinator/stage.ts'
import type { AskingPlace } from '../coordinator/options.ts'
import type { PlaceData } from './message.ts'

/** Threads of workers that the driver was told of, in the coordinator's pod: each by a number. */
export interface ToldPlaces {
  dataOf(place: Place): PlaceData
  placeOf(id: number): Place | undefined
  /** A frame for user code on that thread; nothing where it is gone. */
  send(id: number, kind: number, body: Uint8Array): void
}

export function createToldPlaces(): ToldPlaces {
  const ids = new WeakMap<Place, number>()
  // A place that is gone is of no use to anybody: it is kept only as long as the coordinator itself keeps it.
  const places = new Map<number, WeakRef<Place>>()
  let last = 0
  const placeOf = (id: number) => {
    const place = places.get(id)?.deref()
    if (place === undefined) places.delete(id)
    return place
  }
  return {
    dataOf(place) {
      let id = ids.get(place)
      if (id === undefined) {
        ids.set(place, (id = ++last))
        places.set(id, new WeakRef(place))
      }
      return { id, thread: place.thread, facts: place.worker.facts }
    },
    placeOf,
    send(id, kind, body) {
      const place = placeOf(id) as AskingPlace | undefined
      place?.worker.link.send(kind, body)
    },
  }
}
