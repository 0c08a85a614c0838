import { Duplex } from 'node:stream'
import type { SpdyHeaders } from './header-block.ts'

/** One stream of a session: bytes both ways, each way ended on its own, and the headers that it was opened with. */
export interface SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
}

/** How a stream sends, through its session. */
export interface StreamOutput {
  /** Calls back when more may be written, with an error when the session is over. */
  data(stream: StreamState, bytes: Buffer, fin: boolean, done: (error?: Error) => void): void
  consumed(stream: StreamState, bytes: number): void
  reset(stream: StreamState): void
  gone(stream: StreamState): void
}

/**
 * A stream as its session sees it. `sent` and `received` become true when that direction has ended; when both have, or
 * one side resets it, the stream is gone.
 */
export interface StreamState {
  readonly duplex: SpdyStream
  /** Bytes that the peer still takes; infinite where it does no flow control. */
  sendWindow: number
  /** Bytes that arrived and that nobody has read yet. */
  waiting: number
  deliver(bytes: Buffer): void
  /** The peer has ended its direction; told again, nothing happens. */
  ended(): void
  /** Writes that wait for a wider window are tried again. */
  resume?: (() => void) | undefined
}

const HIGH_WATER_MARK = 64 * 1024

export function createSpdyStream(
  id: number,
  headers: SpdyHeaders,
  output: StreamOutput,
  sendWindow: number,
): StreamState {
  const queue: (Buffer | null)[] = []
  let wanted = true
  let isEnding = false
  let finished = { sent: false, received: false }
  const end = (change: Partial<typeof finished>) => {
    finished = { ...finished, ...change }
    if (finished.sent && finished.received) output.gone(state)
  }
  const flush = () => {
    while (wanted && queue.length > 0) {
      const piece = queue.shift()
      if (piece === undefined) return
      wanted = duplex.push(piece)
      if (piece === null) return end({ received: true })
      state.waiting -= piece.length
      output.consumed(state, piece.length)
    }
  }
  const duplex = new Duplex({
    highWaterMark: HIGH_WATER_MARK,
    read() {
      wanted = true
      flush()
    },
    write: (chunk: Buffer, _encoding, done) => output.data(state, chunk, false, done),
    final: (done) =>
      output.data(state, Buffer.alloc(0), true, (error) => {
        end({ sent: true })
        done(error)
      }),
    destroy(error, done) {
      if (!finished.sent || !finished.received) output.reset(state)
      done(error)
    },
  })
  const state: StreamState = {
    duplex: Object.assign(duplex, { id, headers }),
    sendWindow,
    waiting: 0,
    deliver(bytes) {
      state.waiting += bytes.length
      queue.push(bytes)
      flush()
    },
    ended() {
      if (isEnding) return
      isEnding = true
      queue.push(null)
      flush()
    },
  }
  return state
}
