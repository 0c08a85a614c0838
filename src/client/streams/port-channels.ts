import { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { pods } from '../../api/generated/resources.ts'
import type { ObjectKey } from '../../api/object.ts'
import type { Endpoint } from '../http/connection.ts'
import { objectPath } from '../http/resource-path.ts'
import { dialWebSocket } from './web-socket.ts'

const DATA = 0
const ERROR = 1
/** The first message of each channel is the port's number, in two bytes. */
const PREAMBLE_BYTES = 2
/** A sender waits while the socket has this much to send. */
const UNSENT_BYTES = 256 * 1024

/** A connection to a port over `v4.channel.k8s.io`: one WebSocket, a channel for data and one for errors. */
export async function channelsToPort(
  endpoint: Endpoint,
  pod: ObjectKey,
  port: number,
  signal?: AbortSignal,
): Promise<Duplex> {
  const path = `${objectPath(pods, pod, 'portforward')}?ports=${port}`
  const { socket } = await dialWebSocket(endpoint, { path, protocols: ['v4.channel.k8s.io'], signal })
  return channelStream(socket, port)
}

function channelStream(socket: WebSocket, port: number): Duplex {
  const seen = new Set<number>()
  const stream = new Duplex({
    read: () => socket.resume(),
    write(chunk: Buffer, _encoding, done) {
      const isFull = socket.bufferedAmount > UNSENT_BYTES
      socket.send(Buffer.concat([Buffer.from([DATA]), chunk]), isFull ? done : undefined)
      if (!isFull) done()
    },
    destroy(error, done) {
      socket.close()
      done(error)
    },
  })
  socket.on('message', (message: RawData) => {
    const bytes = message as Buffer
    const channel = bytes[0] ?? DATA
    const body = bytes.subarray(seen.has(channel) ? 1 : 1 + PREAMBLE_BYTES)
    seen.add(channel)
    if (body.length === 0) return
    if (channel === ERROR) stream.destroy(new Error(`Cannot forward to port ${port}: ${body.toString()}`))
    else if (!stream.push(body)) socket.pause()
  })
  socket.on('error', (error) => stream.destroy(error))
  socket.on('close', () => stream.push(null))
  return stream
}
