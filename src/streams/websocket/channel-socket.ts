import { Readable, Writable } from 'node:stream'
import type { RawData, WebSocket } from 'ws'

/** In version 5 a message on this channel, with a channel's number, ends that channel. */
const CLOSE_CHANNEL = 255
/** A writer waits while the socket has this much to send. */
const UNSENT_BYTES = 256 * 1024

/**
 * Numbered channels in one WebSocket, as Kubernetes frames them: each message begins with its channel's number, in a byte,
 * or as a digit before base64 where the subprotocol says so. There is one flow for all channels: one that is not read from
 * holds up the others.
 */
export interface ChannelSocket {
  readable(channel: number): Readable
  writable(channel: number): Writable
  /** Takes each message of a channel whole. */
  onMessage(channel: number, listener: (text: string) => void): void
  send(channel: number, bytes: Uint8Array, done?: (error?: Error | null) => void): void
  /** Ends the connection when all is sent. */
  close(): Promise<void>
  /** Aborted when the other side has gone. */
  readonly gone: AbortSignal
}

/** Only clients say that a channel has ended; what a server sends ends with the connection. */
export function openChannelSocket(socket: WebSocket, protocol: string, side: 'client' | 'server'): ChannelSocket {
  const isBase64 = protocol.includes('base64')
  const isCloseKnown = protocol.startsWith('v5.')
  const gone = new AbortController()
  const readers = new Map<number, Readable>()
  const listeners = new Map<number, (text: string) => void>()

  const encode = (channel: number, bytes: Uint8Array): Buffer | string =>
    isBase64 ? `${channel}${Buffer.from(bytes).toString('base64')}` : Buffer.concat([Buffer.from([channel]), bytes])
  const send: ChannelSocket['send'] = (channel, bytes, done) => {
    if (socket.readyState !== socket.OPEN) return void done?.(new Error('the connection was closed'))
    const waits = socket.bufferedAmount > UNSENT_BYTES
    socket.send(encode(channel, bytes), waits && done !== undefined ? (error) => done(error) : undefined)
    if (!waits) done?.()
  }

  socket.on('message', (data: RawData) => {
    const bytes = data as Buffer
    if (bytes.length === 0) return
    const channel = isBase64 ? (bytes[0] ?? 0) - 0x30 : (bytes[0] ?? 0)
    const body = isBase64 ? Buffer.from(bytes.toString('latin1', 1), 'base64') : bytes.subarray(1)
    if (isCloseKnown && channel === CLOSE_CHANNEL) return void readers.get(body[0] ?? CLOSE_CHANNEL)?.push(null)
    listeners.get(channel)?.(body.toString())
    if (body.length > 0 && readers.get(channel)?.push(body) === false) socket.pause()
  })
  socket.on('close', () => {
    gone.abort()
    for (const reader of readers.values()) reader.push(null)
  })

  return {
    gone: gone.signal,
    readable(channel) {
      const reader = new Readable({ read: () => socket.resume() })
      readers.set(channel, reader)
      return reader
    },
    writable: (channel) =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => send(channel, chunk, done),
        final(done) {
          if (isCloseKnown && side === 'client') send(CLOSE_CHANNEL, Buffer.from([channel]))
          done()
        },
      }),
    onMessage: (channel, listener) => void listeners.set(channel, listener),
    send,
    close: () =>
      new Promise((resolve) => {
        if (socket.readyState === socket.CLOSED) return resolve()
        socket.once('close', () => resolve())
        socket.resume()
        socket.close(1000)
      }),
  }
}
