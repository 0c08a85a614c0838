import type { Duplex } from 'node:stream'
import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { createFrameReader, encodeFrame, MAX_FRAME_BYTES } from '../wire/frame.ts'
import { createInbox } from './inbox.ts'
import { createOutbox } from './outbox.ts'
import type { Fragment } from './outbox.ts'

/**
 * Messages on numbered channels over a connection that may be cut and made again: each message arrives exactly once, those
 * of a channel in order. It has no connection (detached) until `attach`, and again after each cut. How much of a channel
 * may be under way follows from what the other side has consumed: the port-forward of an API server has no flow control
 * worth the name.
 */
export interface ResumableLink {
  /** Both sides of a session give it the same name; a new one is a new beginning. */
  readonly session: string
  send(channel: number, body: Uint8Array): void
  /** Whoever a message of `bytes` was for is done with it: as much may follow. */
  consumed(channel: number, bytes: number): void
  /** Bytes of the channel that the other side has not consumed. */
  backlog(channel: number): number
  /** Goes on over `stream`, on which the greetings have been exchanged; `theirs` is what the other side has received. */
  attach(stream: Duplex, theirs: LinkPosition): void
  /** What we have received: the other side goes on from there. */
  position(): LinkPosition
  /** Takes back what has not begun to be sent on the channel. */
  drop(channel: number): void
  /** Both sides are done with the channel. */
  release(channel: number): void
  /** Forgets all that was sent and received: the other side has no memory of us. */
  reset(): void
  readonly isAttached: boolean
  close(): void
}

/** How far one side has come: the last fragment received, and the bytes consumed on each channel. */
export interface LinkPosition {
  readonly received: number
  readonly consumed: readonly (readonly [channel: number, bytes: number])[]
}

export interface ResumableLinkOptions {
  readonly env: Environment
  readonly session: string
  onMessage(channel: number, body: Uint8Array<ArrayBuffer>): void
  /** There may be room for more: something was consumed at the other side. */
  onRoom?(): void
  /** The connection was cut: what was not received will be sent again over the next one. */
  onDetached(error: Error | undefined): void
}

/** Frames of an attached link. The greeting before them is not of these: see `greet.ts`. */
const FRAME = { fragment: 16, received: 17, consumed: 18 } as const
const FRAGMENT_HEADER_BYTES = 9

/** Each side says so often how far it has come, and takes a silence of three times as long for a cut. */
const BEAT_MS = 5_000
const SILENT_MS = 15_000
/** More than this is not handed to the connection before it has taken some. */
const MAX_WRITE_BYTES = 1024 * 1024

export function createResumableLink(options: ResumableLinkOptions): ResumableLink {
  const outbox = createOutbox()
  const inbox = createInbox()
  let connection: AttachedStream | undefined
  const pump = () => connection?.pump()
  const link: ResumableLink = {
    session: options.session,
    send(channel, body) {
      outbox.add(channel, body)
      pump()
    },
    consumed(channel, bytes) {
      connection?.write(FRAME.consumed, consumedBody(channel, inbox.consume(channel, bytes)))
    },
    backlog: (channel) => outbox.backlog(channel),
    attach(stream, theirs) {
      connection?.end()
      outbox.rewind(theirs.received)
      for (const [channel, bytes] of theirs.consumed) outbox.consumed(channel, bytes)
      const attached = attachStream(stream, options, {
        next: () => outbox.take(),
        received: () => inbox.received,
        frame: (kind, body) => takeFrame(kind, body),
        cut(error) {
          if (connection !== attached) return
          connection = undefined
          options.onDetached(error)
        },
      })
      connection = attached
      options.onRoom?.()
      pump()
    },
    position: () => ({ received: inbox.received, consumed: [...inbox.consumed] }),
    drop: (channel) => outbox.drop(channel),
    release(channel) {
      outbox.release(channel)
      inbox.release(channel)
    },
    reset() {
      outbox.reset()
      inbox.reset()
    },
    get isAttached() {
      return connection !== undefined
    },
    close() {
      const attached = connection
      connection = undefined
      attached?.end()
    },
  }
  const takeFrame = (kind: number, body: Uint8Array<ArrayBuffer>) => {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    if (kind === FRAME.fragment) {
      const fragment = readFragment(view, body)
      const message = inbox.take(fragment)
      if (message !== undefined) options.onMessage(fragment.channel, message)
    } else if (kind === FRAME.received) {
      outbox.acknowledged(view.getUint32(0, true))
    } else if (kind === FRAME.consumed) {
      outbox.consumed(view.getUint32(0, true), view.getFloat64(4, true))
      options.onRoom?.()
      pump()
    }
  }
  return link
}

/** Bytes in this order: sequence (32 bits, little endian), channel (32 bits), whether it ends its message (one byte). */
function fragmentBody({ sequence, channel, isLast, bytes }: Fragment): Uint8Array {
  const body = new Uint8Array(FRAGMENT_HEADER_BYTES + bytes.byteLength)
  const view = new DataView(body.buffer)
  view.setUint32(0, sequence, true)
  view.setUint32(4, channel, true)
  view.setUint8(8, isLast ? 1 : 0)
  body.set(bytes, FRAGMENT_HEADER_BYTES)
  return body
}

function readFragment(view: DataView, body: Uint8Array): Fragment {
  return {
    sequence: view.getUint32(0, true),
    channel: view.getUint32(4, true),
    isLast: view.getUint8(8) === 1,
    bytes: body.subarray(FRAGMENT_HEADER_BYTES),
  }
}

function receivedBody(sequence: number): Uint8Array {
  const body = new Uint8Array(4)
  new DataView(body.buffer).setUint32(0, sequence, true)
  return body
}

function consumedBody(channel: number, bytes: number): Uint8Array {
  const body = new Uint8Array(12)
  const view = new DataView(body.buffer)
  view.setUint32(0, channel, true)
  view.setFloat64(4, bytes, true)
  return body
}

interface AttachedStream {
  /** Writes what there is, as long as the connection takes it. */
  pump(): void
  write(kind: number, body: Uint8Array): void
  end(): void
}

interface StreamSide {
  next(): Fragment | undefined
  received(): number
  frame(kind: number, body: Uint8Array<ArrayBuffer>): void
  cut(error: Error | undefined): void
}

function attachStream(stream: Duplex, { env }: ResumableLinkOptions, side: StreamSide): AttachedStream {
  let failure: Error | undefined
  let heardMs = env.clock.monotonicMs()
  let toldReceived = side.received()
  let beat: Timer
  const write = (kind: number, body: Uint8Array) => {
    if (!stream.destroyed) stream.write(encodeFrame(kind, body))
  }
  const pump = () => {
    while (!stream.destroyed && stream.writableLength < MAX_WRITE_BYTES) {
      const fragment = side.next()
      if (fragment === undefined) return
      write(FRAME.fragment, fragmentBody(fragment))
    }
  }
  const tellReceived = () => write(FRAME.received, receivedBody((toldReceived = side.received())))
  const keepAlive = () => {
    const silentMs = env.clock.monotonicMs() - heardMs
    if (silentMs > SILENT_MS)
      return void stream.destroy(new Error(`it was silent for ${Math.round(silentMs / 1000)} s`))
    tellReceived()
    beat = env.timers.after(BEAT_MS, keepAlive, { background: true })
  }
  const read = createFrameReader({ maxBytes: () => MAX_FRAME_BYTES, onFrame: side.frame })
  stream.on('data', (chunk: Uint8Array) => {
    heardMs = env.clock.monotonicMs()
    try {
      read(chunk)
    } catch (error) {
      return void stream.destroy(error as Error)
    }
    if (side.received() !== toldReceived) tellReceived()
  })
  stream.on('drain', pump)
  stream.on('error', (error) => (failure = error))
  stream.once('end', () => stream.destroy())
  stream.once('close', () => {
    beat.cancel()
    side.cut(failure)
  })
  beat = env.timers.after(BEAT_MS, keepAlive, { background: true })
  stream.resume()
  return { pump, write, end: () => void stream.destroy() }
}
