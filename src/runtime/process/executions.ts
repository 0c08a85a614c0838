import { Readable, Writable } from 'node:stream'
import { RuntimeError } from '../runtime.ts'
import type { AttachRequest, ExecRequest, ExecSession } from '../runtime.ts'
import type { Container } from './container-lifecycle.ts'
import type { Containers } from './containers.ts'
import type { Spawner } from './spawner-process.ts'
import type { RequestBody } from './spawner/messages.ts'
import { STDIN, STDIN_END, STDOUT } from './spawner/framing.ts'

/** Commands that run within containers, each with streams over the spawner's link. */
export interface Executions {
  start(containerId: string, request: ExecRequest): Promise<ExecSession>
  /** Joins the streams of the container's own process. */
  attach(containerId: string, request: AttachRequest): Promise<ExecSession>
  data(kind: number, session: number, bytes: Buffer): void
  ended(event: { readonly session: number; readonly exitCode: number }): void
  /** The command's input has room for more. */
  inputTaken(session: number): void
}

interface Running {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: PromiseWithResolvers<number>
  /** Goes on with the session's input, where it waits. */
  taken: (() => void) | undefined
}

export function createExecutions({
  spawner,
  containers,
}: {
  readonly spawner: Promise<Spawner>
  readonly containers: Containers
}): Executions {
  const running = new Map<number, Running>()
  let lastSession = 0

  async function open(request: AttachRequest, ask: (session: number) => RequestBody): Promise<ExecSession> {
    const started = await spawner
    const session = ++lastSession
    const tell = (body: RequestBody) => void started.request(body).catch(() => undefined)
    const flow = (paused: boolean) => tell({ op: 'flow', session, paused })
    const entry: Running = {
      stdout: output(flow),
      stderr: output(flow),
      exit: Promise.withResolvers(),
      taken: undefined,
    }
    running.set(session, entry)
    try {
      await started.request(ask(session))
    } catch (cause) {
      running.delete(session)
      throw new RuntimeError('RunContainerError', (cause as Error).message, { cause })
    }
    const end = () => tell({ op: 'endExec', session })
    request.signal?.addEventListener('abort', end, { once: true })
    if (request.signal?.aborted) end()
    return {
      ...(request.stdin && { stdin: input(started, session, entry) }),
      stdout: entry.stdout,
      ...(!request.tty && { stderr: entry.stderr }),
      resize: (columns, rows) => tell({ op: 'resize', session, columns, rows }),
      exitCode: entry.exit.promise,
    }
  }

  return {
    ...openers(containers, open),
    data(kind, session, bytes) {
      const entry = running.get(session)
      const target = kind === STDOUT ? entry?.stdout : entry?.stderr
      // The frame's memory is reused by the link's reader.
      target?.push(Buffer.from(bytes))
    },
    ended({ session, exitCode }) {
      const entry = running.get(session)
      running.delete(session)
      entry?.taken?.()
      entry?.stdout.push(null)
      entry?.stderr.push(null)
      entry?.exit.resolve(exitCode)
    },
    inputTaken: (session) => running.get(session)?.taken?.(),
  }
}

type Open = (request: AttachRequest, ask: (session: number) => RequestBody) => Promise<ExecSession>

function openers(containers: Containers, open: Open): Pick<Executions, 'start' | 'attach'> {
  const runningContainer = (containerId: string): Container => {
    const container = containers.find(containerId)
    if (container?.status.state.phase === 'running') return container
    throw new RuntimeError('RunContainerError', `Cannot exec in "${containerId}": the container is not running`)
  }
  return {
    async start(containerId, request) {
      const { env, cwd, identity } = runningContainer(containerId).plan
      const { stdin, tty, command: argv } = request
      const exec = { containerId, argv, env, cwd, identity, stdin, tty }
      return await open(request, (session) => ({ op: 'exec', session, exec }))
    },
    async attach(containerId, request) {
      const { spec } = runningContainer(containerId)
      const closesInput = spec.stdinOnce === true
      const wanted = { ...request, stdin: request.stdin && spec.stdin, tty: spec.tty }
      return await open(wanted, (session) => ({ op: 'attach', session, containerId, closesInput }))
    },
  }
}

function output(flow: (paused: boolean) => void): Readable {
  let isPaused = false
  const stream = new Readable({
    read() {
      if (isPaused) flow(false)
      isPaused = false
    },
  })
  const push = stream.push.bind(stream)
  stream.push = (chunk: Buffer | null) => {
    const hasRoom = push(chunk)
    if (!hasRoom && chunk !== null && !isPaused) {
      isPaused = true
      flow(true)
    }
    return hasRoom
  }
  return stream
}

/** One chunk is on its way at a time: the next goes when the command has taken it, or has ended. */
function input(spawner: Spawner, session: number, entry: Running): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      entry.taken = () => {
        entry.taken = undefined
        done()
      }
      spawner.data(STDIN, session, chunk)
    },
    final(done) {
      spawner.data(STDIN_END, session, Buffer.alloc(0))
      done()
    },
  })
}
