import type { Duplex } from 'node:stream'
import { createFrameReader, encodeFrame } from '../wire/frame.ts'
import type { LinkPosition } from './resumable-link.ts'

/** What both sides say first on each new connection, so that both know where to go on. */
export interface LinkGreeting {
  readonly version: number
  readonly session: string
  readonly position: LinkPosition
  /** Of the answer: the session is not known here, everything begins anew. */
  readonly isNew?: boolean
}

/** Raised by one whenever messages change so that an older side would misread them. */
export const LINK_VERSION = 1

const GREETING_FRAME = 15
const MAX_GREETING_BYTES = 64 * 1024

export function sendGreeting(stream: Duplex, greeting: Omit<LinkGreeting, 'version'>): void {
  stream.write(encodeFrame(GREETING_FRAME, Buffer.from(JSON.stringify({ version: LINK_VERSION, ...greeting }))))
}

/** The other side's greeting. What follows it stays in the stream. Rejects where the stream ends before. */
export function readGreeting(stream: Duplex): Promise<LinkGreeting> {
  const { promise, resolve, reject } = Promise.withResolvers<LinkGreeting>()
  const fail = (error?: Error) =>
    reject(error ?? new Error('the other side closed the connection before it said a word'))
  const closed = () => fail()
  let seen = 0
  const read = createFrameReader({
    maxBytes: () => MAX_GREETING_BYTES,
    onFrame(kind, body) {
      if (kind !== GREETING_FRAME) throw new Error(`Cannot talk to the other side: it began with frame kind ${kind}`)
      const greeting = JSON.parse(Buffer.from(body).toString()) as LinkGreeting
      if (greeting.version !== LINK_VERSION) {
        throw new Error(
          `Cannot talk to the other side: it speaks version ${greeting.version}, expected ${LINK_VERSION}`,
        )
      }
      seen = GREETING_HEADER_BYTES + body.byteLength
      resolve(greeting)
    },
  })
  let before = 0
  const data = (chunk: Uint8Array) => {
    try {
      // The greeting alone is read here; whatever came with it goes back for whoever reads on.
      for (let at = 0; at < chunk.byteLength; at++) {
        read(chunk.subarray(at, at + 1))
        if (seen > 0) return finish(chunk.subarray(at + 1))
      }
      before += chunk.byteLength
      if (before > MAX_GREETING_BYTES) throw new Error('Cannot talk to the other side: its greeting has no end')
    } catch (error) {
      stream.destroy()
      fail(error as Error)
    }
  }
  const finish = (rest: Uint8Array) => {
    stream.off('data', data)
    stream.pause()
    if (rest.byteLength > 0) stream.unshift(rest)
  }
  stream.on('data', data)
  stream.once('error', fail)
  stream.once('close', closed)
  return promise.finally(() => {
    stream.off('data', data)
    stream.off('error', fail)
    stream.off('close', closed)
  })
}

const GREETING_HEADER_BYTES = 5
