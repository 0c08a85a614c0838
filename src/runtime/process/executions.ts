import { Readable, Writable } from 'node:stream'
import { RuntimeError } from '../runtime.ts'
import type { ExecRequest, ExecSession } from '../runtime.ts'
import type { Containers } from './containers.ts'
import type { Spawner } from './spawner-process.ts'
import { STDIN, STDIN_END, STDOUT } from './spawner/framing.ts'

/** Commands that run within containers, each with streams over the spawner's link. */
export interface Executions {
  start(containerId: string, request: ExecRequest): Promise<ExecSession>
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

  async function start(containerId: string, request: ExecRequest): Promise<ExecSession> {
    const container = containers.find(containerId)
    const plan = container?.plan
    if (!plan || container.status.state.phase !== 'running') {
      throw new RuntimeError('RunContainerError', `Cannot exec in "${containerId}": the container is not running`)
    }
    const started = await spawner
    const session = ++lastSession
    const flow = (paused: boolean) => void started.request({ op: 'flow', session, paused }).catch(() => undefined)
    const entry: Running = {
      stdout: output(flow),
      stderr: output(flow),
      exit: Promise.withResolvers(),
      taken: undefined,
    }
    running.set(session, entry)
    const { env, cwd, identity } = plan
    const { stdin, tty } = request
    try {
      const exec = { containerId, argv: request.command, env, cwd, identity, stdin, tty }
      await started.request({ op: 'exec', session, exec })
    } catch (cause) {
      running.delete(session)
      throw new RuntimeError('RunContainerError', `Cannot exec in "${container.spec.name}"`, { cause })
    }
    const end = () => void started.request({ op: 'endExec', session }).catch(() => undefined)
    request.signal?.addEventListener('abort', end, { once: true })
    if (request.signal?.aborted) end()
    return {
      ...(stdin && { stdin: input(started, session, entry) }),
      stdout: entry.stdout,
      ...(!tty && { stderr: entry.stderr }),
      resize: () => undefined,
      exitCode: entry.exit.promise,
    }
  }

  return {
    start,
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
