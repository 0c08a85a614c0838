import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

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

/** Somebody who asks, warm from the first measurement on. */
export interface Loader extends AsyncDisposable {
  load(options: Load): Promise<Measured>
}

/** Asks on a thread of its own, so that whoever answers in this process is not measured with it. */
export function startLoader(): Loader {
  const worker = new Worker(new URL(import.meta.url))
  return {
    load: (options) =>
      new Promise((resolve, reject) => {
        worker.removeAllListeners().once('message', resolve).once('error', reject)
        worker.postMessage(options)
      }),
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}

/** Has the program `node network-load.ts` ask that listens at `at`: in a pod, say. */
export function loaderAt(at: { readonly host: string; readonly port: number }): Loader {
  return {
    load: async (options) => {
      const body = JSON.stringify(options)
      const response = await fetch(`http://${at.host}:${at.port}/`, { method: 'POST', body })
      return (await response.json()) as Measured
    },
    async [Symbol.asyncDispose]() {},
  }
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

/** Asks for whoever posts what. */
function serve(port: number): void {
  const server = createServer((request, response) => {
    const answer = async () => {
      const options = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Load
      response.end(JSON.stringify(await measure(options)))
    }
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  server.listen(port, '0.0.0.0')
}

if (!isMainThread) {
  parentPort?.on(
    'message',
    (options: Load) => void measure(options).then((measured) => parentPort?.postMessage(measured)),
  )
} else if (import.meta.main) serve(Number(process.argv[2]))
