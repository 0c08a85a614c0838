/** A thing that each worker thread makes for itself, on first use. Call it to have the thing. */
export type PerWorker<T> = () => T

interface Marker {
  readonly id: string
  readonly open: () => unknown
}

const markers = new WeakMap<object, Marker>()
let count = 0

/**
 * For connections, caches, compiled models: what cannot travel or should not be made for every task. `open` travels and
 * runs once in each worker thread, when the result is first called there; in the driver likewise.
 *
 *     const db = perWorker(() => openDatabase(url))
 *     await shoal.map(ids, async (id) => (await db()).get(id))
 */
export function perWorker<T>(open: () => T): PerWorker<T> {
  let made: { readonly value: T } | undefined
  const get: PerWorker<T> = () => (made ??= { value: open() }).value
  markers.set(get, { id: `per-worker-${++count}`, open })
  return get
}

export const perWorkerMarker = (value: object): Marker | undefined => markers.get(value)
