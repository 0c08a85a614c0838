import { PassThrough } from 'node:stream'
import type { Duplex } from 'node:stream'
import type Docker from 'dockerode'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { isProcessOf } from '../engine/process-of.ts'
import { RuntimeError } from '../runtime.ts'
import type { AttachRequest, ExecRequest, ExecSession } from '../runtime.ts'
import { ignoreGone, refusalOf } from './connection.ts'
import { framesOf } from './frames.ts'

export async function runCommand(
  environment: Environment,
  docker: Docker,
  containerId: string,
  { command, stdin, tty, signal }: ExecRequest,
): Promise<ExecSession> {
  const exec = await docker
    .getContainer(containerId)
    .exec({ Cmd: [...command], AttachStdin: stdin, AttachStdout: true, AttachStderr: !tty, Tty: tty })
    .catch(failed)
  const socket = await exec.start({ hijack: true, stdin: true, Tty: tty }).catch(failed)
  const kill = () => void exec.inspect().then(({ Pid }) => killIn(containerId, Pid), ignoreGone)
  signal?.addEventListener('abort', kill, { once: true })
  const { session, drained } = sessionOf(socket, { stdin, tty })
  const exitCode = drained.then(async () => {
    signal?.removeEventListener('abort', kill)
    for (let pauseMs = 2; ; pauseMs = Math.min(200, pauseMs * 2)) {
      const { Running, ExitCode } = await exec.inspect()
      if (!Running) return ExitCode ?? 0
      await sleep(environment.timers, pauseMs)
    }
  })
  exitCode.catch(() => {})
  const resize = (w: number, h: number) => void exec.resize({ w, h }).catch(() => {})
  return { ...session, resize, exitCode }
}

export async function joinContainer(
  docker: Docker,
  containerId: string,
  { stdin, tty, signal }: AttachRequest,
): Promise<ExecSession> {
  const container = docker.getContainer(containerId)
  const socket = (await container
    .attach({ stream: true, stdin, stdout: true, stderr: !tty, hijack: true })
    .catch(failed)) as Duplex
  signal?.addEventListener('abort', () => socket.destroy(), { once: true })
  const { session, drained } = sessionOf(socket, { stdin, tty })
  const exitCode = drained.then(async () => Number((await container.wait()).StatusCode))
  exitCode.catch(() => {})
  const resize = (w: number, h: number) => void container.resize({ w, h }).catch(() => {})
  return { ...session, resize, exitCode }
}

type Streams = Pick<ExecSession, 'stdin' | 'stdout' | 'stderr'>

/** Parts the connection into the streams; `drained` resolves when all of the output has come. */
function sessionOf(socket: Duplex, { stdin, tty }: AttachRequest): { session: Streams; drained: Promise<void> } {
  if (!stdin) socket.end()
  const input = stdin ? { stdin: socket } : {}
  const stdout = new PassThrough()
  if (tty) return { session: { ...input, stdout }, drained: pour(rawOf(socket), { stdout, stderr: stdout }) }
  const stderr = new PassThrough()
  return { session: { ...input, stdout, stderr }, drained: pour(framesOf(socket), { stdout, stderr }) }
}

async function* rawOf(socket: Duplex) {
  for await (const bytes of socket) yield { stream: 'stdout', bytes: bytes as Buffer } as const
}

/** Reads no faster than the reader of either stream does. */
async function pour(frames: ReturnType<typeof framesOf> | ReturnType<typeof rawOf>, to: Outputs): Promise<void> {
  try {
    for await (const { stream, bytes } of frames) {
      const output = to[stream]
      if (!output.write(bytes) && !output.destroyed) await drainOf(output)
    }
  } finally {
    to.stdout.end()
    to.stderr.end()
  }
}

interface Outputs {
  readonly stdout: PassThrough
  readonly stderr: PassThrough
}

function drainOf(output: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      output.off('drain', done).off('close', done)
      resolve()
    }
    output.once('drain', done).once('close', done)
  })
}

/** Docker ends no command by itself: its process is one of this machine's, unless the number was given away since. */
function killIn(containerId: string, pid: number): void {
  try {
    if (isProcessOf(containerId, pid)) process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

function failed(error: unknown): never {
  throw new RuntimeError('RunContainerError', refusalOf(error).message, { cause: error })
}
