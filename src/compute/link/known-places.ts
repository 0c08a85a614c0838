import type { AskingPlace } from '../coordinator/options.ts'
import type { PlaceData } from './message.ts'

type Sent = AskingPlace['sent']

/** A thread of a worker as the driver knows it: always the same object for the same thread. */
interface KnownPlace extends AskingPlace {
  readonly id: number
  sent: Sent
}

export interface KnownPlaces {
  placeOf(data: PlaceData): AskingPlace & { readonly id: number }
  /** The same, with the tasks that it has at this moment. */
  asking(data: PlaceData, sent: Sent): AskingPlace
  /** The coordinator numbers them anew. */
  clear(): void
}

/** `send` reaches user code on the thread with that number. */
export function createKnownPlaces(send: (place: number, kind: number, body: Uint8Array) => void): KnownPlaces {
  const places = new Map<number, KnownPlace>()
  const placeOf = ({ id, thread, facts }: PlaceData): KnownPlace => {
    const known = places.get(id)
    if (known !== undefined) return known
    const link = { send: (kind: number, body: Uint8Array) => send(id, kind, body) }
    const place: KnownPlace = { id, thread, worker: { facts, link }, sent: [] }
    places.set(id, place)
    return place
  }
  return {
    placeOf,
    asking(data, sent) {
      const place = placeOf(data)
      place.sent = sent
      return place
    },
    clear: () => places.clear(),
  }
}
