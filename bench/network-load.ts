import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

export interface Load {
  readonly host: string
  readonly port: number
  /** A request at a time on each; without it each request has a connection of its own. */
  readonly keepAlive: boolean
  readonly lanes: number
  readonly forMs: number
}

export interface Measured {
  readonly perSecond: number
  readonly p99Ms: number
  readonly failures: number
}

/** Asks on a thread of its own, so that whoever answers in this process is not measured with it. */
export function load(options: Load): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: options })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function measure({ host, port, keepAlive, lanes, forMs }: Load): Promise<Measured> {
  const times: number[] = []
  let failures = 0
  const began = performance.now()
  const isOver = () => performance.now() - began > forMs
  const text = `GET / HTTP/1.1\r\nhost: x\r\nconnection: ${keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`
  const lane = async () => {
    let socket: Socket | undefined
    while (!isOver()) {
      const started = performance.now()
      try {
        socket ??= await open(host, port)
        await exchange(socket, text)
        times.push(performance.now() - started)
      } catch {
        failures += 1
        socket?.destroy()
        socket = undefined
      }
      if (!keepAlive) {
        socket?.destroy()
        socket = undefined
      }
    }
    socket?.destroy()
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const seconds = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  return { perSecond: times.length / seconds, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0, failures }
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => resolve(socket))
  })
}

/** One request and its answer, which the server ends with a full stop. */
function exchange(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => {
      socket.off('data', received).off('error', done).off('close', closed)
      if (error === undefined) resolve()
      else reject(error)
    }
    const received = (chunk: Buffer) => void (chunk.at(-1) === 46 && done())
    const closed = () => done(new Error('closed before the answer'))
    socket.on('data', received).once('error', done).once('close', closed)
    socket.write(text)
  })
}

if (!isMainThread) void measure(workerData as Load).then((measured) => parentPort?.postMessage(measured))
