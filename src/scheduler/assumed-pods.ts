import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../api/generated/core-v1.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { Environment } from '../env/environment.ts'
import type { Timer } from '../env/clock.ts'
import { podRequests } from '../placement/pod-requests.ts'
import type { NodeTable } from '../placement/node-table.ts'

/** How long a bound pod counts on its node although no watch has shown it there; in milliseconds. */
const EXPIRY_MS = 60_000

/**
 * Who is on which node, as far as the scheduler knows: pods that the API shows on a node, and pods that it has promised a
 * node but whose binding has not come back yet (*assumed*). An assumed pod becomes *known* when a watch shows it, and is
 * forgotten when its binding fails or does not show within a minute. The table counts each pod once.
 */
export interface PodPlaces {
  /** Counts `pod` on a node before the API knows of it. */
  assume(pod: Pod, nodeName: string): void
  /** The binding was accepted; from now on the watch must show it in time. */
  bound(key: string): void
  /** The binding failed. */
  forget(key: string): void
  isAssumed(key: string): boolean
  has(key: string): boolean
  /** The API shows this state of a pod that has a node. */
  observe(pod: Pod): void
  remove(key: string): void
  close(): void
}

interface Place {
  readonly pod: Pod
  readonly nodeName: string
  readonly assumed: boolean
  readonly expiry?: Timer
}

/** `onCount` hears of every pod that the table counts from now on (1) or no more (-1). */
export function createPodPlaces(
  env: Environment,
  table: NodeTable,
  onExpired: () => void,
  onCount: (pod: Pod, sign: 1 | -1) => void = () => {},
): PodPlaces {
  const places = new Map<string, Place>()

  const remove = (key: string) => {
    const place = places.get(key)
    if (place === undefined) return
    place.expiry?.cancel()
    places.delete(key)
    table.removePod(place.pod, place.nodeName)
    onCount(place.pod, -1)
  }

  const put = (key: string, place: Place) => {
    remove(key)
    places.set(key, place)
    table.addPod(place.pod, place.nodeName)
    onCount(place.pod, 1)
  }

  return {
    assume: (pod, nodeName) => put(keyString(keyOf(pod)), { pod, nodeName, assumed: true }),
    bound(key) {
      const place = places.get(key)
      if (place?.assumed !== true) return
      const expire = () => {
        remove(key)
        onExpired()
      }
      places.set(key, { ...place, expiry: env.timers.after(EXPIRY_MS, expire, { background: true }) })
    },
    forget: (key) => {
      if (places.get(key)?.assumed === true) remove(key)
    },
    isAssumed: (key) => places.get(key)?.assumed === true,
    has: (key) => places.has(key),
    observe(pod) {
      const key = keyString(keyOf(pod))
      const place = places.get(key)
      const nodeName = pod.spec?.nodeName ?? ''
      // Most updates change only the status: what the pod asks for and where it is stay the same object.
      if (place?.assumed === false && place.nodeName === nodeName && looksAlike(place.pod, pod)) return
      put(key, { pod, nodeName, assumed: false })
    },
    remove,
    close() {
      for (const { expiry } of places.values()) expiry?.cancel()
      places.clear()
    },
  }
}

/** Whether the table counts both alike. A pod on its way out is another matter: it does not count as spread any more. */
function looksAlike(a: Pod, b: Pod): boolean {
  const { labels, deletionTimestamp } = a.metadata
  const isAlike =
    a.spec === b.spec && labels === b.metadata.labels && deletionTimestamp === b.metadata.deletionTimestamp
  if (!isAlike) return false
  const [before, now] = [podRequests(a).exact, podRequests(b).exact]
  return before === now || isDeepStrictEqual(before, now)
}
