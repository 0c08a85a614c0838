import { BlockList, connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import type { Target } from '../services/service-port.ts'
import type { Choice } from './choice.ts'
import type { Listener } from './listener.ts'

/** Connections that one listener carries at once; more are refused. */
const MOST_CONNECTIONS = 20_000
/** Targets that are tried for one connection. */
const MOST_TRIES = 3

/** A server that carries each connection to a target. It has to be listened on; closing it leaves connections alone. */
export function createTcpRelay(listener: Listener, choice: Choice, nowMs: () => number): Server {
  const allows = allowed(listener.sourceRanges)
  // Asking the kernel who it is costs each connection time: not where it does not matter.
  const isAnybody = listener.sourceRanges.length === 0 && listener.affinitySeconds === undefined
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    // A client that gives up before there is a target.
    client.on('error', destroyed)
    const remoteAddress = isAnybody ? '' : client.remoteAddress
    if (remoteAddress === undefined || (!isAnybody && !allows(remoteAddress))) return void client.resetAndDestroy()
    carry(client, (tried) => choice.pick(remoteAddress, nowMs(), tried))
  })
  server.maxConnections = MOST_CONNECTIONS
  return server
}

function destroyed(this: Socket): void {
  this.destroy()
}

export function allowed(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => true
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits = '32'] = range.split('/')
    if (!address.includes(':')) list.addSubnet(address, Number(bits))
  }
  return (address) => list.check(address)
}

/** Connects to a target, to another where that one does not answer: a pod may be gone before its endpoint is. */
function carry(
  client: Socket,
  pick: (tried?: ReadonlySet<Target>) => Target | undefined,
  tried?: ReadonlySet<Target>,
): void {
  const target = (tried?.size ?? 0) < MOST_TRIES ? pick(tried) : undefined
  if (target === undefined || client.destroyed) return void client.resetAndDestroy()
  const upstream = connect({ host: target.ip, port: target.port, allowHalfOpen: true, noDelay: true })
  const failed = () => carry(client, pick, new Set([...(tried ?? []), target]))
  upstream.once('error', failed)
  upstream.once('connect', () => {
    upstream.off('error', failed)
    if (client.destroyed) return void upstream.destroy()
    join(client, upstream)
    join(upstream, client)
    client.resume()
  })
}

/** What `from` sends goes to `to`, no faster than that takes it; its end and its failure too. */
function join(from: Socket, to: Socket): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  // Where nothing comes back any more either, closing it says the same with a call less.
  from.on('end', () => (to.readableEnded ? to.destroySoon() : to.end()))
  from.on('error', () => to.resetAndDestroy())
  from.on('close', () => {
    if (!to.destroyed && !to.writableEnded) to.destroy()
  })
}
