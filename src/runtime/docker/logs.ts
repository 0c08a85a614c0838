import type Docker from 'dockerode'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { ContainerBook } from '../engine/container-book.ts'
import type { LogLine, LogRequest } from '../runtime.ts'
import { millisecondsOf } from './container-states.ts'
import { framesOf } from './frames.ts'
import { createRepeatedLines } from './repeated-lines.ts'

/** The pause before a log is asked for again whose following broke off, such as by Docker's restart. */
const RECONNECT_MS = 250

export interface LogContext {
  readonly environment: Environment
  readonly docker: Docker
  readonly containers: ContainerBook
}

/** A container's log as Docker keeps it; followed until the container has ended, over restarts of Docker. */
export async function* containerLog(
  context: LogContext,
  containerId: string,
  request: LogRequest,
): AsyncIterable<LogLine> {
  const { environment, containers } = context
  const { follow = false, signal } = request
  const { status } = { status: () => containers.status(containerId)?.state.phase }
  const repeated = createRepeatedLines(environment.clock)
  let asked: Asked = { ...request, follow }
  for (;;) {
    const wasRunning = status() !== 'exited' && status() !== undefined
    try {
      for await (const { time, line } of linesOf(context.docker, containerId, asked))
        if (!repeated.has(time, line)) yield line
    } catch (error) {
      if (!follow || signal?.aborted === true || !wasRunning) throw error
    }
    if (!follow || !wasRunning || signal?.aborted === true) return
    await sleep(environment.timers, RECONNECT_MS, signal).catch(() => {})
    await containers.refresh(containerId).catch(() => {})
    const sinceTime = repeated.resumeAt()
    asked = { follow, ...(sinceTime !== undefined && { sinceTime }), ...(signal !== undefined && { signal }) }
  }
}

interface Asked extends LogRequest {
  readonly sinceTime?: string
}

interface TimedLine {
  /** As Docker writes it, so that two can be told apart to the nanosecond. */
  readonly time: string
  readonly line: LogLine
}

async function* linesOf(docker: Docker, containerId: string, asked: Asked): AsyncGenerator<TimedLine> {
  const { Config } = await docker.getContainer(containerId).inspect()
  const chunks = await open(docker, containerId, asked)
  const stop = () => chunks.destroy()
  asked.signal?.addEventListener('abort', stop, { once: true })
  try {
    for await (const { stream, bytes } of Config.Tty ? wholeLines(chunks) : framesOf(chunks)) {
      const at = bytes.indexOf(0x20)
      const time = bytes.toString('latin1', 0, at)
      yield { time, line: { timeMs: millisecondsOf(time), stream, bytes: bytes.subarray(at + 1) } }
    }
  } catch (error) {
    if (asked.signal?.aborted !== true) throw error
  } finally {
    asked.signal?.removeEventListener('abort', stop)
    stop()
  }
}

/** What went through a terminal has no frames. */
async function* wholeLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<{ stream: 'stdout'; bytes: Buffer }> {
  let bytes = Buffer.alloc(0)
  for await (const chunk of chunks) {
    bytes = Buffer.concat([bytes, chunk])
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      yield { stream: 'stdout', bytes: bytes.subarray(0, end + 1) }
      bytes = bytes.subarray(end + 1)
    }
  }
  if (bytes.length > 0) yield { stream: 'stdout', bytes }
}

type Chunks = AsyncIterable<Buffer> & { destroy(): void }

/** Not by the client's own call, which reads a whole log into memory where it is not followed. */
function open(docker: Docker, containerId: string, asked: Asked): Promise<Chunks> {
  const { follow, tailLines, sinceMs, sinceTime } = asked
  const since = sinceTime === undefined ? secondsOf(sinceMs) : secondsWithin(sinceTime)
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `/containers/${containerId}/logs?`,
        method: 'GET',
        isStream: true,
        statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
        options: {
          stdout: true,
          stderr: true,
          timestamps: true,
          follow: follow === true,
          ...(tailLines !== undefined && { tail: tailLines }),
          ...(since !== undefined && { since }),
        },
      },
      (error: unknown, stream: unknown) => (error === null ? resolve(stream as Chunks) : reject(error as Error)),
    )
  })
}

const secondsOf = (ms: number | undefined) => (ms === undefined ? undefined : (ms / 1000).toFixed(9))

/**
 * A time of Docker's as the seconds, with nine digits of nanoseconds, in which it is asked for. A second earlier, for the
 * stream that is written after the other.
 */
function secondsWithin(time: string): string {
  const [seconds = '', fraction = ''] = time.replace('Z', '').split('.')
  return `${Date.parse(`${seconds}Z`) / 1000 - 1}.${fraction.padEnd(9, '0')}`
}
