import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'
import { createFrameReader, encodeFrame, FRAME_HEADER_BYTES, MAX_FRAME_BYTES, writeFrameHeader } from './frame.ts'
import { createGreeting, GREETING_MS, isProven, objectionTo, proofOf } from './handshake.ts'
import type { Greeting, Role } from './handshake.ts'
import { FRAME } from './messages.ts'

/** Until the other side has proved itself, nothing larger is read from it. */
const MAX_GREETING_BYTES = 4096

/** An authenticated connection that carries frames. Frames sent in one turn leave in one write. */
export interface Link {
  /** Frames handed over already encoded, header included: the link owns their memory from here on. */
  sendFrames(frames: readonly Uint8Array[]): void
  send(kind: number, body: Uint8Array): void
  sendControl(message: unknown): void
  /** Bytes that the other side has not taken yet. */
  readonly pendingBytes: number
  /** Resolves when most of what is pending has been taken, or the link is closed. */
  drained(): Promise<void>
  /** Closes at once; `onClosed` follows. */
  close(error?: Error): void
}

export interface LinkHandlers {
  /** Calls `action` after so many milliseconds. Where present the other side has {@link GREETING_MS} to prove itself. */
  after?(ms: number, action: () => void): { cancel(): void }
  /** Both sides have proved themselves: from now on frames may be sent. */
  onOpen(link: Link): void
  onFrame(kind: number, body: Uint8Array<ArrayBuffer>): void
  /** All frames of one read have been handed over. */
  onReadEnd?(): void
  /** Called exactly once, also where the link never opened. */
  onClosed(error: Error | undefined): void
}

/** Greets over `stream` as `role` and carries frames once both sides have proved that they hold `token`. */
export function openLink(stream: Duplex, role: Role, token: string, handlers: LinkHandlers): Link {
  const greeting = createGreeting(role)
  const link = linkOver(stream)
  let open = false
  let failure: Error | undefined
  const late = () =>
    stream.destroy(new Error(`Cannot wait for the other side: no proof came in ${GREETING_MS / 1000} s`))
  const timer = handlers.after === undefined ? undefined : greetingTimer(handlers.after, late)
  const greet = greetingSteps(token, greeting, link, () => {
    timer?.cancel()
    open = true
    handlers.onOpen(link)
  })
  const read = createFrameReader({
    maxBytes: () => (open ? MAX_FRAME_BYTES : MAX_GREETING_BYTES),
    onFrame: (kind, body) => (open ? handlers.onFrame(kind, body) : greet(kind, body)),
  })
  stream.on('data', (chunk: Uint8Array) => {
    try {
      read(chunk)
      if (open) handlers.onReadEnd?.()
    } catch (error) {
      stream.destroy(error as Error)
    }
  })
  stream.on('error', (error) => (failure = error))
  stream.once('end', () => stream.destroy())
  stream.once('close', () => {
    timer?.cancel()
    handlers.onClosed(failure)
  })
  link.send(FRAME.greeting, Buffer.from(JSON.stringify(greeting)))
  return link
}

/** A second at a time: where user code keeps this process from reading for longer, what came meanwhile is read before it counts. */
function greetingTimer(after: NonNullable<LinkHandlers['after']>, late: () => void): { cancel(): void } {
  let leftMs = GREETING_MS
  const tick = () => {
    leftMs -= TICK_MS
    if (leftMs <= 0) late()
    else timer = after(TICK_MS, tick)
  }
  let timer = after(TICK_MS, tick)
  return { cancel: () => timer.cancel() }
}

const TICK_MS = 1000

/** First their greeting, to which we answer with our proof; then their proof. Throws at whatever is not that. */
function greetingSteps(token: string, ours: Greeting, link: Link, opened: () => void) {
  let theirs: Greeting | undefined
  return (kind: number, body: Uint8Array) => {
    if (theirs === undefined && kind === FRAME.greeting) {
      const greeting = JSON.parse(Buffer.from(body).toString()) as Greeting
      const objection = objectionTo(greeting, ours)
      if (objection !== undefined) throw new Error(`Cannot talk to the other side: ${objection}`)
      theirs = greeting
      link.send(FRAME.proof, proofOf(token, ours, theirs))
    } else if (theirs !== undefined && kind === FRAME.proof) {
      if (!isProven(token, ours, theirs, body)) {
        throw new Error(`Cannot trust the ${theirs.role} that connected: its proof is not that of this run's token`)
      }
      opened()
    } else {
      throw new Error(`Cannot talk to the other side: it sent frame kind ${kind} before it was trusted`)
    }
  }
}

/** Larger frames are written by themselves rather than copied together. */
const COPY_LIMIT_BYTES = 16 * 1024

function linkOver(stream: Duplex): Link {
  let queued: Uint8Array[] = []
  let queuedBytes = 0

  const flush = () => {
    const parts = queued
    queued = []
    queuedBytes = 0
    if (stream.destroyed) return
    stream.cork()
    for (const part of coalesced(parts)) stream.write(part)
    stream.uncork()
  }
  const enqueue = (part: Uint8Array) => {
    if (queued.length === 0) queueMicrotask(flush)
    queued.push(part)
    queuedBytes += part.byteLength
  }
  const link: Link = {
    sendFrames: (frames) => frames.forEach(enqueue),
    send(kind, body) {
      if (body.byteLength <= COPY_LIMIT_BYTES) return enqueue(encodeFrame(kind, body))
      const header = new Uint8Array(FRAME_HEADER_BYTES)
      writeFrameHeader(header, kind, body.byteLength)
      enqueue(header)
      enqueue(body)
    },
    sendControl: (message) => link.send(FRAME.control, serialize(message)),
    get pendingBytes() {
      return queuedBytes + stream.writableLength
    },
    drained: () => drainOf(stream),
    close: (error) => void stream.destroy(error),
  }
  return link
}

function drainOf(stream: Duplex): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}

function* coalesced(parts: readonly Uint8Array[]): Generator<Uint8Array> {
  let small: Uint8Array[] = []
  for (const part of parts) {
    if (part.byteLength <= COPY_LIMIT_BYTES) {
      small.push(part)
      continue
    }
    if (small.length > 0) yield joined(small)
    small = []
    yield part
  }
  if (small.length > 0) yield joined(small)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

/** The message in the body of a control frame. */
export function readControl(body: Uint8Array): unknown {
  return deserialize(body)
}
