import type { Fragment } from './outbox.ts'

export interface Inbox {
  /** Takes the next fragment; answers the whole message where it was its last, undefined otherwise and for repetitions. */
  take(fragment: Fragment): Uint8Array<ArrayBuffer> | undefined
  /** Whoever the bytes were for is done with them; answers how many that makes since the beginning. */
  consume(channel: number, bytes: number): number
  /** The last fragment of an unbroken sequence. */
  readonly received: number
  /** Bytes consumed since the beginning, by channel. */
  readonly consumed: ReadonlyMap<number, number>
  /** Nothing more comes on the channel. */
  release(channel: number): void
  reset(): void
}

/** Puts messages together again of what arrives, each exactly once, in order, however often the connection was cut. */
export function createInbox(): Inbox {
  let received = 0
  const parts = new Map<number, Uint8Array[]>()
  const consumed = new Map<number, number>()
  return {
    take({ sequence, channel, isLast, bytes }) {
      if (sequence <= received) return undefined
      if (sequence !== received + 1) {
        throw new Error(`Cannot read the link: fragment ${sequence} came after ${received}, expected ${received + 1}`)
      }
      received = sequence
      const before = parts.get(channel) ?? []
      if (!isLast) {
        parts.set(channel, [...before, bytes])
        return undefined
      }
      parts.delete(channel)
      return joined([...before, bytes])
    },
    consume(channel, bytes) {
      const total = (consumed.get(channel) ?? 0) + bytes
      consumed.set(channel, total)
      return total
    },
    get received() {
      return received
    },
    consumed,
    release: (channel) => void consumed.delete(channel),
    reset() {
      received = 0
      parts.clear()
      consumed.clear()
    },
  }
}

/** In memory of its own: what comes out may be transferred to a thread. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
