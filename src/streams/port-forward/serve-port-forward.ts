import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { UpgradeError } from '../remote-command/serve-command.ts'
import type { SpdySession, SpdyStream } from '../spdy/spdy-session.ts'
import { startSpdySession } from '../spdy/spdy-session.ts'
import { acceptSpdy, acceptWebSocket, commonProtocol, offeredProtocols, requestedUpgrade } from '../upgrade.ts'
import type { Upgrade } from '../upgrade.ts'
import { openChannelSocket } from '../websocket/channel-socket.ts'

/** Connects to a port of the pod; rejects where nothing listens there. */
export type Dial = (port: number) => Promise<Duplex>

const TUNNEL = 'SPDY/3.1+portforward.k8s.io'
const SPDY_PROTOCOL = 'portforward.k8s.io'
const CHANNEL_PROTOCOLS = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']

/**
 * Serves port-forward on a connection: SPDY, SPDY within a WebSocket (kubectl), or WebSocket channels for the ports that
 * the query names. Rejects with an {@link UpgradeError} before anything is sent; resolves when the client has gone.
 */
export async function servePortForward(upgrade: Upgrade, ports: readonly number[], dial: Dial): Promise<void> {
  const offered = offeredProtocols(upgrade.request)
  if (requestedUpgrade(upgrade.request) === 'spdy') {
    if (!offered.includes(SPDY_PROTOCOL))
      throw new UpgradeError(
        403,
        `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}]`,
      )
    const pairs = createPairs(dial)
    const session = acceptSpdy(upgrade, SPDY_PROTOCOL, pairs)
    return await over(session)
  }
  if (offered.includes(TUNNEL)) {
    const { createWebSocketStream } = await import('ws')
    const socket = await acceptWebSocket(upgrade, TUNNEL)
    const transport = createWebSocketStream(socket)
    return await over(startSpdySession(transport, { side: 'server', accept: createPairs(dial) }))
  }
  // Without a subprotocol the channels are bytes, as on a node.
  const protocol = commonProtocol(upgrade, CHANNEL_PROTOCOLS)
  if (protocol === undefined) throw new UpgradeError(400, 'unable to upgrade: no subprotocol in common')
  if (ports.length === 0) throw new UpgradeError(400, 'query parameter "port" is required')
  await serveChannels(upgrade, protocol, ports, dial)
}

async function over(session: SpdySession): Promise<void> {
  await session.closed
}

/** A pair that is not complete after this many others is given up. */
const MAX_HALF_PAIRS = 100

/** An error stream and a data stream of one request id are one connection to a port. */
function createPairs(dial: Dial): (stream: SpdyStream) => void {
  const halves = new Map<string, Partial<Record<'error' | 'data', SpdyStream>>>()
  return (stream) => {
    const { streamtype = '', port = '' } = stream.headers
    const number = Number(port)
    if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new Error(`"${port}" is not a port`)
    if (streamtype !== 'error' && streamtype !== 'data') throw new Error(`invalid stream type "${streamtype}"`)
    // Clients from before request ids open the error stream right before its data stream.
    const id = stream.headers['requestid'] ?? String(streamtype === 'error' ? stream.id : stream.id - 2)
    const pair = { ...halves.get(id), [streamtype]: stream }
    halves.set(id, pair)
    if (halves.size > MAX_HALF_PAIRS) halves.delete(halves.keys().next().value ?? '')
    const { error, data } = pair
    if (error === undefined || data === undefined) return
    halves.delete(id)
    void forward(data, error, number, dial)
  }
}

/** Carries bytes both ways; each direction ends on its own. */
async function forward(data: SpdyStream, error: SpdyStream, port: number, dial: Dial): Promise<void> {
  error.resume()
  const target = await dial(port).catch((cause: unknown) => (cause instanceof Error ? cause : new Error(String(cause))))
  if (target instanceof Error) {
    data.end()
    data.resume()
    return void error.end(`error forwarding port ${port}: ${target.message}`)
  }
  pipeline(data, target).catch(() => void target.destroy())
  await pipeline(target, data).catch(() => void data.destroy())
  // Clients wait for this before they believe that what they were sent is all.
  error.end()
}

async function serveChannels(upgrade: Upgrade, protocol: string, ports: readonly number[], dial: Dial): Promise<void> {
  const socket = await acceptWebSocket(upgrade, protocol)
  const channels = openChannelSocket(socket, protocol, 'server')
  const forwards = ports.map(async (port, index) => {
    const [data, error] = [index * 2, index * 2 + 1]
    const preamble = Buffer.from([port & 0xff, port >> 8])
    channels.send(data, preamble)
    channels.send(error, preamble)
    const received = channels.readable(data)
    try {
      const target = await dial(port)
      pipeline(received, target).catch(() => void target.destroy())
      await pipeline(target, channels.writable(data))
    } catch (cause) {
      channels.send(error, Buffer.from(`error forwarding port ${port}: ${(cause as Error).message}`))
    }
  })
  socket.resume()
  await Promise.all(forwards)
  // There is no other way to say that a direction has ended.
  await channels.close()
}
