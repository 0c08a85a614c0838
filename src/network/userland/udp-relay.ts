import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import type { Timer, Timers } from '../../env/clock.ts'
import type { Choice } from './choice.ts'
import type { Listener } from './listener.ts'
import { allowed } from './tcp-relay.ts'

/** How long a client that is silent keeps its target and its port there; as the kernel does for answered datagrams. */
const SILENCE_MS = 120_000
/** Clients at once; beyond that the longest there is forgotten. */
const MOST_CLIENTS = 4_096

interface Exchange {
  readonly upstream: Socket
  timer: Timer
}

/** A socket that carries datagrams to targets and what they answer back, each client by a port of its own. */
export function createUdpRelay(listener: Listener, choice: Choice, nowMs: () => number, timers: Timers): Socket {
  const clients = new Map<string, Exchange>()
  const allows = allowed(listener.sourceRanges)
  const server = createSocket('udp4')
  const forget = (key: string) => {
    const known = clients.get(key)
    clients.delete(key)
    known?.timer.cancel()
    known?.upstream.close()
  }
  const later = (key: string) => timers.after(SILENCE_MS, () => forget(key), { background: true })
  const open = (key: string, { address, port }: RemoteInfo): Exchange | undefined => {
    const target = choice.pick(address, nowMs())
    if (target === undefined) return undefined
    const upstream = createSocket('udp4')
    upstream.on('message', (answer) => server.send(answer, port, address))
    upstream.on('error', () => forget(key))
    upstream.connect(target.port, target.ip)
    const exchange = { upstream, timer: later(key) }
    clients.set(key, exchange)
    if (clients.size > MOST_CLIENTS) forget(clients.keys().next().value!)
    return exchange
  }
  server.on('message', (datagram, from) => {
    if (!allows(from.address)) return
    const key = `${from.address}:${from.port}`
    const exchange = clients.get(key) ?? open(key, from)
    if (exchange === undefined) return
    exchange.timer.cancel()
    exchange.timer = later(key)
    const { upstream } = exchange
    const send = () => upstream.send(datagram, () => {})
    if (isConnected(upstream)) send()
    else upstream.once('connect', send)
  })
  server.on('close', () => {
    for (const key of clients.keys()) forget(key)
  })
  return server
}

function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress()
    return true
  } catch {
    return false
  }
}
