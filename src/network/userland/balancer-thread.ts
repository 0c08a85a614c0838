import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import { systemEnvironment } from '../../env/system.ts'
import { PORT_SHIFT } from '../services/service-port.ts'
import { createChoice } from './choice.ts'
import type { Choice } from './choice.ts'
import { listenerKey } from './listener.ts'
import type { Listener } from './listener.ts'
import type { TableChange, TableChanged } from './messages.ts'
import { createTcpRelay } from './tcp-relay.ts'
import { createUdpRelay } from './udp-relay.ts'

interface Open {
  readonly choice: Choice
  readonly close: () => void
  readonly port: number
  readonly sourceRanges: string
}

const { clock, timers } = systemEnvironment()
const listeners = new Map<string, Open>()
const nowMs = () => clock.monotonicMs()

parentPort?.on('message', (change: TableChange) => void perform(change))

async function perform({ id, listen, close }: TableChange): Promise<void> {
  for (const key of close) shut(key)
  const failures = new Map<string, string>()
  const shifted = new Map<string, number>()
  const open = async (listener: Listener) => {
    const key = listenerKey(listener)
    const port = await put(key, listener).catch((error: NodeJS.ErrnoException) => error)
    if (port instanceof Error) failures.set(key, port.code ?? port.message)
    else if (port !== listener.port) shifted.set(key, port)
  }
  await Promise.all(listen.map(open))
  const answer: TableChanged = { id, failures, shifted }
  parentPort?.postMessage(answer)
}

function shut(key: string): void {
  listeners.get(key)?.close()
  listeners.delete(key)
}

/** Opens the listener or gives it other targets; resolves to its port. */
async function put(key: string, listener: Listener): Promise<number> {
  const known = listeners.get(key)
  if (known?.sourceRanges === listener.sourceRanges.join()) {
    known.choice.change(listener)
    return known.port
  }
  shut(key)
  const choice = createChoice(listener)
  const open = listener.protocol === 'TCP' ? openTcp : openUdp
  const opened = await open(listener, choice, listener.port).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw error
    return open(listener, choice, listener.port + PORT_SHIFT)
  })
  listeners.set(key, { ...opened, choice, sourceRanges: listener.sourceRanges.join() })
  return opened.port
}

async function openTcp(listener: Listener, choice: Choice, port: number) {
  const server = createTcpRelay(listener, choice, nowMs)
  server.listen({ host: listener.host, port, backlog: 1024 })
  await once(server, 'listening')
  return { port, close: () => void server.close() }
}

async function openUdp(listener: Listener, choice: Choice, port: number) {
  const socket = createUdpRelay(listener, choice, nowMs, timers)
  socket.bind(port, listener.host)
  await once(socket, 'listening')
  return { port, close: () => void socket.close() }
}
