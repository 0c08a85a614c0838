import type { Needs, Place } from '../coordinator/stage.ts'

/** Questions to the other side, each answered once. */
export interface Requests {
  ask(send: (request: number) => void): Promise<unknown>
  answer(request: number, value: unknown): void
}

export function createRequests(): Requests {
  const waiting = new Map<number, (value: unknown) => void>()
  let last = 0
  return {
    ask(send) {
      const request = ++last
      const { promise, resolve } = Promise.withResolvers<unknown>()
      waiting.set(request, resolve)
      send(request)
      return promise
    },
    answer(request, value) {
      waiting.get(request)?.(value)
      waiting.delete(request)
    },
  }
}

/**
 * Places asked for ahead: whoever wants one gets undefined at first, as where no worker has room, and the place itself when
 * it looks again after the answer has come.
 */
export interface Reservations {
  take(needs: Needs | undefined, ask: () => Promise<Place | undefined>): Place | undefined
}

export function createReservations(): Reservations {
  const ready = new Map<string, Place>()
  const asked = new Set<string>()
  return {
    take(needs, ask) {
      const key = JSON.stringify(needs ?? null)
      const place = ready.get(key)
      ready.delete(key)
      if (place !== undefined || asked.has(key)) return place
      asked.add(key)
      void ask().then((found) => {
        asked.delete(key)
        if (found !== undefined) ready.set(key, found)
      })
      return undefined
    },
  }
}
