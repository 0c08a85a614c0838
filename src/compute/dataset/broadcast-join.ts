import { keyId } from '../shuffle/key.ts'
import { decodeValues } from '../wire/values.ts'
import { pushAll } from './push.ts'
import type { Push } from './push.ts'

/** Pairs joined with the table of the second side, which the thread holds whole. */
export function broadcastJoin(how: 'inner' | 'left', table: Uint8Array, next: Push): Push {
  const byId = new Map<unknown, unknown[]>()
  for (const [key, value] of decodeValues(table) as [unknown, unknown][]) {
    const id = keyId(key)
    const values = byId.get(id)
    if (values === undefined) byId.set(id, [value])
    else values.push(value)
  }
  const unmatched = how === 'left' ? [undefined] : []
  return (record) => {
    const [key, left] = record as readonly [unknown, unknown]
    const values = byId.get(keyId(key)) ?? unmatched
    return pushAll(
      values.map((right) => [key, [left, right]]),
      next,
    )
  }
}
