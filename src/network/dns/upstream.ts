import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Environment } from '../../env/environment.ts'

/** Asks the name servers of the host what is not the cluster's to say. */
export interface Upstream {
  /** The answer to a query, as it came; rejects where none comes in time. */
  ask(query: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer>
}

/** How long one server has for its answer, and how many queries may wait at once; more are refused. */
const ANSWER_MS = 2_000
const MOST_QUERIES = 512

/** `own` are addresses at which we answer ourselves: a host that asks us must not be asked back. */
export function createUpstream({ timers, random }: Environment, own: ReadonlySet<string>): Upstream {
  let waiting = 0
  return {
    async ask(query, transport) {
      const text = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
      const servers = nameServers(text).filter((server) => !own.has(server))
      if (servers.length === 0) throw new Error('Cannot ask upstream: the host names no server')
      if (waiting >= MOST_QUERIES) throw new Error(`Cannot ask upstream: ${waiting} queries wait already`)
      waiting += 1
      try {
        return await inTurn(servers, (server, signal) => {
          const id = Buffer.from(random.bytes(2)).readUInt16BE()
          const sent = Buffer.from(query)
          sent.writeUInt16BE(id)
          return (transport === 'udp' ? askUdp : askTcp)(server, sent, signal).then((answer) => {
            const own = Buffer.from(answer)
            own.writeUInt16BE(query.readUInt16BE())
            return own
          })
        })
      } finally {
        waiting -= 1
      }
    },
  }

  async function inTurn(servers: readonly string[], ask: (server: string, signal: AbortSignal) => Promise<Buffer>) {
    let failure: unknown
    for (const server of servers) {
      const aborter = new AbortController()
      const late = new Error(`Cannot ask "${server}": no answer after ${ANSWER_MS} ms`)
      const timer = timers.after(ANSWER_MS, () => aborter.abort(late), { background: true })
      try {
        return await ask(server, aborter.signal)
      } catch (error) {
        failure = error
      } finally {
        timer.cancel()
      }
    }
    throw failure
  }
}

export function nameServers(resolvConf: string): readonly string[] {
  return [...resolvConf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server = '']) => server)
}

function askUdp(server: string, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: server.includes(':') ? 'udp6' : 'udp4', signal })
    const end = (error?: Error) => {
      signal.removeEventListener('abort', aborted)
      if (error !== undefined) reject(error)
      if (!signal.aborted) socket.close()
    }
    const aborted = () => reject(signal.reason)
    signal.addEventListener('abort', aborted)
    socket.on('error', end)
    socket.on('message', (answer) => {
      // Anything else is not the answer to this question.
      if (answer.length < 12 || answer.readUInt16BE() !== query.readUInt16BE()) return
      end()
      resolve(answer)
    })
    socket.connect(53, server, () => socket.send(query))
  })
}

async function askTcp(server: string, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: server, port: 53, signal })
  const frame = Buffer.alloc(2 + query.length)
  frame.writeUInt16BE(query.length)
  query.copy(frame, 2)
  socket.write(frame)
  let received = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, chunk])
    if (received.length < 2 || received.length < 2 + received.readUInt16BE()) continue
    socket.destroy()
    return received.subarray(2, 2 + received.readUInt16BE())
  }
  throw new Error(`Cannot ask "${server}": it closed the connection`)
}
