import type { Duplex } from 'node:stream'
import * as frames from './frames.ts'
import type { Frame } from './frames.ts'
import { createHeaderReader, createHeaderWriter } from './header-block.ts'
import type { SpdyHeaders } from './header-block.ts'
import { createSpdyStream } from './spdy-stream.ts'
import type { SpdyStream, StreamOutput, StreamState } from './spdy-stream.ts'

export type { SpdyHeaders, SpdyStream }

/** Many streams over one connection: SPDY/3.1 as Kubernetes' exec, attach and port-forward use it. */
export interface SpdySession extends Disposable {
  /** Opens a stream; resolves when the peer has accepted it, rejects when it refuses or the session ends. */
  open(headers: SpdyHeaders): Promise<SpdyStream>
  /** Resolves when the session is over, whoever ended it, with the reason where it was not an orderly end. */
  readonly closed: Promise<Error | undefined>
  /** Says goodbye and ends the connection, with all streams. */
  close(): void
}

export interface SpdyOptions {
  /** Clients open streams with odd numbers, servers with even ones. */
  readonly side: 'client' | 'server'
  /** Takes a stream that the peer has opened; one that it throws at is refused. */
  readonly accept?: (stream: SpdyStream) => void
  /** Streams open at once; more are refused. Default 1000. */
  readonly maxStreams?: number
}

/**
 * Starts a session on `transport`, which is its own from then on. Flow control is by stream, and only with a peer that
 * sends SETTINGS with a window, as this one does: Kubernetes' own library never sends a WINDOW_UPDATE, and would stall.
 */
export const startSpdySession = (transport: Duplex, options: SpdyOptions): SpdySession =>
  new Session(transport, options)

/** What may be under way on one stream unread, by the settings that we send. */
const WINDOW_BYTES = 256 * 1024
/** Peers that do no flow control are not read from while a stream has this much unread. */
const UNREAD_BYTES = 1024 * 1024
const FRAME_BYTES = 32 * 1024

type ControlFrame = Extract<Frame, { kind: 'control' }>
type DataFrame = Extract<Frame, { kind: 'data' }>

class Session implements SpdySession, StreamOutput {
  readonly closed: Promise<Error | undefined>
  readonly #transport: Duplex
  readonly #options: SpdyOptions
  readonly #over = Promise.withResolvers<Error | undefined>()
  readonly #streams = new Map<number, StreamState>()
  readonly #opening = new Map<number, PromiseWithResolvers<SpdyStream>>()
  readonly #writeHeaders = createHeaderWriter()
  readonly #headerReader = createHeaderReader()
  /** Pending while the transport takes no more. */
  #drained: PromiseWithResolvers<void> | undefined
  /** Pending while a stream has too much unread. */
  #unblocked: PromiseWithResolvers<void> | undefined
  #nextId: number
  #lastPeerId = 0
  #peerWindow = Infinity
  #isOver = false

  constructor(transport: Duplex, options: SpdyOptions) {
    this.#transport = transport
    this.#options = options
    this.#nextId = options.side === 'client' ? 1 : 2
    this.closed = this.#over.promise
    transport.on('error', (error) => this.#finish(error))
    transport.on('drain', () => {
      this.#drained?.resolve()
      this.#drained = undefined
    })
    this.#send(frames.windowSetting(WINDOW_BYTES))
    this.#receive().then(
      () => this.#finish(new Error('the connection was closed')),
      (error: unknown) => this.#finish(error as Error),
    )
  }

  open(headers: SpdyHeaders): Promise<SpdyStream> {
    if (this.#isOver) return Promise.reject(new Error('the connection was closed'))
    const id = this.#nextId
    this.#nextId += 2
    const accepted = Promise.withResolvers<SpdyStream>()
    this.#opening.set(id, accepted)
    this.#add(id, headers)
    this.#send(frames.synStream(id, this.#writeHeaders(headers)))
    return accepted.promise
  }

  close(): void {
    if (this.#isOver) return
    this.#send(frames.goAway(this.#lastPeerId))
    // What was written before goes out first.
    this.#transport.end(() => this.#finish())
  }

  [Symbol.dispose](): void {
    this.close()
  }

  data(stream: StreamState, bytes: Buffer, fin: boolean, done: (error?: Error) => void): void {
    const settle = (error?: unknown) => done(error as Error | undefined)
    this.#sendData(stream, bytes, fin).then(() => settle(), settle)
  }

  consumed(stream: StreamState, bytes: number): void {
    if (this.#peerWindow !== Infinity) this.#send(frames.windowUpdate(stream.duplex.id, bytes))
    if (stream.waiting < UNREAD_BYTES) this.#unblocked?.resolve()
  }

  reset(stream: StreamState): void {
    const { id } = stream.duplex
    if (this.#streams.delete(id)) this.#send(frames.rstStream(id, frames.STATUS_CANCEL))
    this.#opening.delete(id)
    this.#unblocked?.resolve()
  }

  gone(stream: StreamState): void {
    this.#streams.delete(stream.duplex.id)
  }

  #add(id: number, headers: SpdyHeaders): StreamState {
    const stream = createSpdyStream(id, headers, this, this.#peerWindow)
    // Whoever uses the stream listens too; one that nobody uses yet must not end the process.
    stream.duplex.on('error', () => {})
    this.#streams.set(id, stream)
    return stream
  }

  #send(...parts: readonly Buffer[]): void {
    if (this.#isOver || !this.#transport.writable) return
    this.#transport.cork()
    for (const part of parts) if (!this.#transport.write(part)) this.#drained ??= Promise.withResolvers()
    this.#transport.uncork()
  }

  async #sendData(stream: StreamState, bytes: Buffer, fin: boolean): Promise<void> {
    const { id } = stream.duplex
    const isOpen = () => !this.#isOver && this.#streams.has(id)
    let at = 0
    do {
      while (bytes.length > 0 && stream.sendWindow <= 0 && isOpen())
        await new Promise<void>((resolve) => (stream.resume = resolve))
      if (!isOpen()) {
        if (bytes.length === 0) return
        throw new Error('the stream is closed')
      }
      const length = Math.min(FRAME_BYTES, bytes.length - at, Math.max(0, stream.sendWindow))
      const piece = bytes.subarray(at, at + length)
      at += length
      stream.sendWindow -= length
      this.#send(frames.dataHead(id, length, fin && at === bytes.length), piece)
      if (this.#drained !== undefined) await this.#drained.promise
    } while (at < bytes.length)
  }

  async #receive(): Promise<void> {
    const read = frames.createFrameReader()
    for await (const chunk of this.#transport) {
      for (const frame of read(chunk as Buffer)) {
        if (this.#isOver) return
        await (frame.kind === 'data' ? this.#dataArrived(frame) : this.#controlArrived(frame))
      }
    }
  }

  async #dataArrived({ streamId, fin, data }: DataFrame): Promise<void> {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    if (data.length > 0) stream.deliver(data)
    if (fin) stream.ended()
    if (stream.waiting <= UNREAD_BYTES) return
    this.#unblocked = Promise.withResolvers()
    await this.#unblocked.promise
    this.#unblocked = undefined
  }

  async #controlArrived({ type, flags, body }: ControlFrame): Promise<void> {
    const id = body.length < 4 ? 0 : body.readUInt32BE(0) & 0x7fffffff
    const second = body.length < 8 ? 0 : body.readUInt32BE(4) & 0x7fffffff
    switch (type) {
      case frames.SYN_STREAM:
        this.#opened(id, await this.#headerReader.read(body.subarray(10)))
        return (flags & frames.FLAG_FIN) === 0 ? undefined : this.#streams.get(id)?.ended()
      case frames.SYN_REPLY: {
        await this.#headerReader.read(body.subarray(4))
        const stream = this.#streams.get(id)
        if (stream !== undefined) this.#opening.get(id)?.resolve(stream.duplex)
        return void this.#opening.delete(id)
      }
      case frames.HEADERS:
        return void (await this.#headerReader.read(body.subarray(4)))
      case frames.RST_STREAM:
        return this.#resetByPeer(id, second)
      case frames.SETTINGS:
        return this.#settings(frames.windowOf(body))
      case frames.PING:
        // We send none of our own, so every ping is the peer's, to be sent back.
        return this.#send(frames.ping(body.readUInt32BE(0)))
      case frames.WINDOW_UPDATE:
        return widen(this.#streams.get(id), second)
      case frames.GOAWAY:
        return this.#finish()
    }
  }

  #opened(id: number, headers: SpdyHeaders): void {
    const ownParity = this.#options.side === 'client' ? 1 : 0
    if (id % 2 === ownParity || id <= this.#lastPeerId)
      return this.#send(frames.rstStream(id, frames.STATUS_PROTOCOL_ERROR))
    this.#lastPeerId = id
    const { accept, maxStreams = 1000 } = this.#options
    if (accept === undefined || this.#streams.size >= maxStreams)
      return this.#send(frames.rstStream(id, frames.STATUS_REFUSED_STREAM))
    const stream = this.#add(id, headers)
    // Before anything that the taker may write.
    const reply = frames.synReply(id, this.#writeHeaders({}))
    try {
      this.#send(reply)
      accept(stream.duplex)
    } catch {
      stream.duplex.destroy()
    }
  }

  /** Kubernetes ends streams by resetting them: what arrived before stays to be read. */
  #resetByPeer(id: number, status: number): void {
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    this.#opening.get(id)?.reject(new Error(`the other side refused the stream (status ${status})`))
    this.#opening.delete(id)
    stream?.resume?.()
    stream?.ended()
  }

  /** The first settings with a window turn flow control on; later ones change it. */
  #settings(window: number | undefined): void {
    if (window === undefined) return
    for (const stream of this.#streams.values()) {
      if (this.#peerWindow === Infinity) stream.sendWindow = window
      else widen(stream, window - this.#peerWindow)
    }
    this.#peerWindow = window
  }

  #finish(error?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const { reject } of this.#opening.values()) reject(error ?? new Error('the connection was closed'))
    const left = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of left) {
      stream.resume?.()
      if (error === undefined || stream.duplex.readableEnded) stream.ended()
      else stream.duplex.destroy(error)
    }
    this.#drained?.resolve()
    this.#unblocked?.resolve()
    this.#headerReader.close()
    this.#transport.destroy()
    this.#over.resolve(error)
  }
}

function widen(stream: StreamState | undefined, bytes: number): void {
  if (stream === undefined) return
  stream.sendWindow += bytes
  stream.resume?.()
  stream.resume = undefined
}
