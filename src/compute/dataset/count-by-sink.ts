import { keyId } from '../shuffle/key.ts'
import { encodeCounts } from './counts.ts'
import { ownString } from './own-string.ts'
import type { SinkState } from './sink-state.ts'

/** One look-up for each record: the map says where in the array of counts its key has its place. */
export function countBySink(keyOf: (record: unknown) => unknown): SinkState {
  let places = new Map<unknown, number>()
  let keys: unknown[] = []
  let counts = new Float64Array(1024)
  const add = (key: unknown, id: unknown) => {
    const added = keys.length
    if (added === counts.length) {
      const wider = new Float64Array(counts.length * 2)
      wider.set(counts)
      counts = wider
    }
    counts[added] = 1
    const own = typeof key === 'string' ? ownString(key) : key
    keys.push(own)
    places.set(id === key ? own : id, added)
  }
  return {
    add(record) {
      const key = keyOf(record)
      const id = keyId(key)
      const place = places.get(id)
      if (place === undefined) add(key, id)
      else counts[place]!++
    },
    collect() {
      const part = encodeCounts(keys, counts.subarray(0, keys.length))
      places = new Map()
      keys = []
      counts = new Float64Array(1024)
      return part
    },
  }
}
