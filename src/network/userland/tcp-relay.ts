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
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    // A client that gives up before there is a target.
    client.on('error', () => client.destroy())
    const { remoteAddress } = client
    if (remoteAddress === undefined || !allows(remoteAddress)) return void client.resetAndDestroy()
    carry(client, (tried) => choice.pick(remoteAddress, nowMs(), tried))
  })
  server.maxConnections = MOST_CONNECTIONS
  return server
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
function carry(client: Socket, pick: (tried: ReadonlySet<Target>) => Target | undefined): void {
  const tried = new Set<Target>()
  const attempt = () => {
    const target = tried.size < MOST_TRIES ? pick(tried) : undefined
    if (target === undefined || client.destroyed) return void client.resetAndDestroy()
    tried.add(target)
    const upstream = connect({ host: target.ip, port: target.port, allowHalfOpen: true, noDelay: true })
    upstream.once('error', attempt)
    upstream.once('connect', () => {
      upstream.off('error', attempt)
      if (client.destroyed) return void upstream.destroy()
      join(client, upstream)
      join(upstream, client)
      client.resume()
    })
  }
  attempt()
}

/** What `from` sends goes to `to`, no faster than that takes it; its end and its failure too. */
function join(from: Socket, to: Socket): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => to.end())
  from.on('error', () => to.resetAndDestroy())
  from.on('close', () => {
    if (!to.destroyed && !to.writableEnded) to.destroy()
  })
}
