import type { Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import type { Duplex } from 'node:stream'
import { systemEnvironment } from '../../env/system.ts'
import { openLink, readControl } from '../wire/link.ts'
import type { Link } from '../wire/link.ts'
import { FRAME_HEADER_BYTES } from '../wire/frame.ts'
import { FRAME, readTaskHeader } from '../wire/messages.ts'
import type { CoordinatorMessage, WorkerFacts, WorkerMessage, WorkerVitals } from '../wire/messages.ts'
import { dial, readTrust } from '../wire/secure.ts'
import type { Trust } from '../wire/secure.ts'
import { WORKER_VARIABLES } from '../wire/worker-variables.ts'
import { AWAY_MS, comeBack } from './come-back.ts'
import { createLogRelay } from './log-relay.ts'
import { createObjectCache } from './object-cache.ts'
import { createPartService } from './part-service.ts'
import { securePeers } from './secure-peers.ts'
import type { ThreadBatch } from './thread.ts'
import { startThreads } from './threads.ts'
import type { Threads, ThreadsOptions } from './threads.ts'

/**
 * Dials the coordinator that the environment names and serves it until it says leave or goes away, or nothing is heard of it for
 * `silentMs`: a quarter of an hour, since a driver's own code may keep it from saying anything.
 */
export function serveFromEnvironment(variables: NodeJS.ProcessEnv, program: URL, silentMs = AWAY_MS): void {
  const address = variables[WORKER_VARIABLES.address]
  const token = variables[WORKER_VARIABLES.token]
  if (address === undefined || token === undefined) {
    throw new Error(`Cannot start a worker: ${WORKER_VARIABLES.address} and ${WORKER_VARIABLES.token} are not both set`)
  }
  const whole = { ...variables }
  // User code has no business with the token.
  delete process.env[WORKER_VARIABLES.token]
  const facts: WorkerFacts = {
    pod: variables[WORKER_VARIABLES.pod] ?? `process-${process.pid}`,
    node: variables[WORKER_VARIABLES.node] ?? '',
    pid: process.pid,
    threads: Number(variables[WORKER_VARIABLES.threads] ?? availableParallelism()),
    nodeVersion: process.version,
    ...resourcesOf(variables[WORKER_VARIABLES.resources]),
  }
  const heap = variables[WORKER_VARIABLES.threadHeapMiB]
  const reach = { ...reachOf(address, token, variables), variables: whole, silentMs }
  serve(reach, facts, { program, ...(heap === undefined ? {} : { heapMiB: Number(heap) }) })
}

function resourcesOf(text: string | undefined): Pick<WorkerFacts, 'resources'> {
  return text === undefined ? {} : { resources: JSON.parse(text) as Record<string, number> }
}

type ThreadKind = Pick<ThreadsOptions, 'program' | 'heapMiB'>

/** How the coordinator and other workers are reached, and this worker by them. */
interface WorkerReach {
  readonly address: string
  readonly token: string
  readonly trust?: Trust
  readonly host?: string
}

/** The same, with what this program was started with. */
interface StartedReach extends WorkerReach {
  readonly variables: NodeJS.ProcessEnv
  readonly silentMs: number
}

function reachOf(address: string, token: string, variables: NodeJS.ProcessEnv): WorkerReach {
  const directory = variables[WORKER_VARIABLES.trust]
  const host = variables[WORKER_VARIABLES.host]
  return {
    address,
    token,
    ...(directory === undefined ? {} : { trust: readTrust(directory) }),
    ...(host === undefined ? {} : { host }),
  }
}

function serve(reach: StartedReach, facts: WorkerFacts, kind: ThreadKind): void {
  const { address, token, trust } = reach
  let link: Link | undefined
  const starting = new Set(Array.from({ length: facts.threads }, (_, thread) => thread))
  const send = (message: WorkerMessage) => link?.sendControl(message)
  const logs = createLogRelay(() => link)
  const parts = createPartService({ ...reach, ...(trust === undefined ? {} : securePeers(trust, reach.host)) })
  const threads = startThreads({
    ...kind,
    count: facts.threads,
    timers: systemEnvironment().timers,
    onPartPort: (port) => parts.attach(port),
    onFrame: (frame) => {
      const kind = frame[FRAME_HEADER_BYTES - 1]
      if (kind === FRAME.log) return logs.take(frame)
      if (kind !== FRAME.ask || objects.ask(frame.subarray(FRAME_HEADER_BYTES))) link?.sendFrames([frame])
    },
    onLost: (thread, death) => {
      starting.add(thread)
      const lastLogLines = logs.lastLines(thread)
      send({ type: 'thread-lost', thread, death: { ...death, ...(lastLogLines.length > 0 && { lastLogLines }) } })
    },
    onReady: (thread) => {
      starting.delete(thread)
      send({ type: 'thread-ready', thread })
    },
  })
  const objects = createObjectCache({
    forward: (body) => link?.send(FRAME.ask, body),
    reply(thread, header, bytes) {
      threads.post(thread, [[FRAME.answer, header], ...(bytes === undefined ? [] : [[FRAME.object, bytes] as const])])
    },
  })
  const vitals = (): WorkerVitals => ({
    residentBytes: process.memoryUsage.rss(),
    cpuMicros: cpuMicros(),
    keptBytes: parts.keptBytes(),
  })
  const release = (name: string) => (objects.release(name), parts.release(name))
  const batches = batchesTo(threads, { release, vitals })
  leaveInOrder(() => link !== undefined, send)
  const stream = dial(address, trust, 'coordinator')
  endWhenSilent(stream, reach)
  openLink(stream, 'worker', token, {
    onOpen: (opened) => {
      link = opened
      send({ type: 'ready', worker: facts })
      for (let thread = 0; thread < facts.threads; thread++) {
        if (!starting.has(thread)) send({ type: 'thread-ready', thread })
      }
    },
    onFrame: (kind, body) => {
      if (kind === FRAME.task) batches.add(readTaskHeader(body).thread, kind, body)
      else if (kind === FRAME.answer) {
        if (objects.answer(body)) batches.add(body[4]!, kind, body)
      } else if (kind === FRAME.control) batches.control(readControl(body) as CoordinatorMessage, body, send)
    },
    onReadEnd: () => batches.flush(),
    onClosed: (error) => leave(error, reach, link !== undefined),
  })
}

/** Over a network an end may go without a word. The coordinator asks for a sign of life each second; on one machine the system tells. */
function endWhenSilent(stream: Duplex, { address, silentMs }: StartedReach): void {
  if (address.startsWith('unix:')) return
  const silent = () => stream.destroy(new Error(`nothing was heard of it for ${silentMs / 1000} s`))
  ;(stream as Socket).setTimeout(silentMs, silent)
}

/** A worker without its coordinator has nothing to do: its Job counts it as done, not as failed. One elsewhere may come back. */
function leave(error: Error | undefined, { trust, variables }: StartedReach, wasConnected: boolean): void {
  if (error !== undefined) process.stderr.write(`The coordinator cannot be reached: ${error.message}\n`)
  if (isTold) process.exit(TOLD_TO_END)
  if (trust === undefined) process.exit(0)
  void comeBack(systemEnvironment(), variables, wasConnected)
}

/** As the shell says it of SIGTERM. A Job counts such a pod as failed and makes another: it is not done with its work. */
const TOLD_TO_END = 143
/** Pods are given five seconds before they are killed. */
const LEAVE_MS = 4_500
let isTold = false

/** Told to end by the system, the worker asks to be let go: what it is at is done first, as far as there is time for it. */
function leaveInOrder(isConnected: () => boolean, send: (message: WorkerMessage) => void): void {
  process.on('SIGTERM', () => {
    isTold = true
    if (!isConnected()) process.exit(TOLD_TO_END)
    send({ type: 'leaving' })
    systemEnvironment().timers.after(LEAVE_MS, () => process.exit(TOLD_TO_END))
  })
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Under which name a thread that starts later is given the message too. */
function keyOf(message: CoordinatorMessage): string | undefined {
  if (message.type === 'code') return `code ${message.code.map(({ hash }) => hash).join()}`
  if (message.type === 'program') return `program ${message.hash}`
  return message.type === 'define' ? `stage ${message.definition.stage}` : undefined
}

/** Gathers what one read brought for each thread, so that it crosses to the thread in one message. */
function batchesTo(threads: Threads, own: { release(name: string): void; vitals(): WorkerVitals }) {
  const waiting = new Map<number, [number, Uint8Array<ArrayBuffer>][]>()
  const add = (thread: number, kind: number, body: Uint8Array<ArrayBuffer>) => {
    const batch = waiting.get(thread)
    if (batch === undefined) waiting.set(thread, [[kind, body]])
    else batch.push([kind, body])
  }
  const flush = () => {
    for (const [thread, batch] of waiting) threads.post(thread, batch satisfies ThreadBatch)
    waiting.clear()
  }
  const control = (
    message: CoordinatorMessage,
    body: Uint8Array<ArrayBuffer>,
    send: (message: WorkerMessage) => void,
  ) => {
    if (message.type === 'ping') {
      return send({ type: 'pong', sequence: message.sequence, ...own.vitals() })
    }
    if (message.type === 'leave') return process.exit(isTold ? TOLD_TO_END : 0)
    if (message.type === 'release') return own.release(message.name)
    if (message.type === 'collect' || message.type === 'more') return add(message.thread, FRAME.control, body)
    flush()
    if (message.type === 'open-thread') return threads.open(message.thread)
    if (message.type === 'revoke') return threads.revoke(message, body)
    if (message.type === 'cancel') return threads.cancel(message.stage, body, message.graceMs)
    if (message.type === 'forget') threads.drop(`stage ${message.stage}`)
    threads.broadcast(body, keyOf(message))
  }
  return { add, flush, control }
}
