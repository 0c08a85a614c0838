import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import type { Timers } from '../../../env/clock.ts'
import type { RunningContainer } from './containers.ts'
import { STDERR, STDIN, STDOUT } from './framing.ts'
import { enterNamespaces, environmentOf } from './launch.ts'
import type { Link } from './link.ts'
import type { StartExec } from './messages.ts'
import { signalGroup } from './processes.ts'
import { resizeTerminal } from './terminal.ts'

/** Commands run within containers, and containers' own processes that somebody is attached to: their streams travel over the link. */
export interface ExecSessions {
  start(session: number, exec: StartExec, containerPid: number, namespaces: boolean): void
  /** Joins a container's own streams; its input is closed with the session's where `closesInput`. */
  attach(session: number, container: RunningContainer, closesInput: boolean): void
  input(kind: number, session: number, bytes: Buffer): void
  flow(session: number, paused: boolean): void
  resize(session: number, columns: number, rows: number): void
  end(session: number): void
  endAll(): void
}

interface Session {
  /** Of the process that the terminal belongs to, where there is one. */
  readonly pid: number | undefined
  readonly stdin: Writable | null
  readonly closesInput: boolean
  readonly outputs: readonly (Readable | null)[]
  end(): void
}

export function createExecSessions(link: Link, timers: Timers): ExecSessions {
  const running = new Map<number, Session>()
  const end = (session: number) => running.get(session)?.end()
  const exited = (session: number, code: number | null, signal: NodeJS.Signals | null) => {
    if (!running.delete(session)) return
    link.event({ event: 'execExit', session, exitCode: signal ? 128 + constants.signals[signal] : (code ?? 255) })
  }
  /** Returns the way to stop. */
  const forward = (source: Readable | null, kind: number, session: number) => {
    const send = (chunk: Buffer) => {
      if (source === null || link.data(kind, session, chunk)) return
      source.pause()
      link.onDrain(() => source.resume())
    }
    source?.on('data', send)
    return () => void source?.off('data', send)
  }
  return {
    start(session, exec, containerPid, namespaces) {
      const argv = enterNamespaces(containerPid, exec, namespaces)
      const child = spawn(argv[0] ?? '', argv.slice(1), {
        env: environmentOf(exec),
        // On a terminal an input that ends would be an end of file to the command, so it never does.
        stdio: [exec.stdin || exec.tty ? 'pipe' : 'ignore', 'pipe', 'pipe'],
        detached: true,
      })
      const { pid, stdin, stdout, stderr } = child
      const kill = () => void (pid === undefined || signalGroup(pid, 'SIGKILL', true))
      running.set(session, { pid, stdin, closesInput: true, outputs: [stdout, stderr], end: kill })
      forward(stdout, STDOUT, session)
      forward(stderr, STDERR, session)
      stdin?.on('error', () => undefined)
      child.on('error', () => undefined)
      child.once('close', (code, signal) => exited(session, code, signal))
    },
    attach(session, { child, pid }, closesInput) {
      const { stdin, stdout, stderr } = child
      const stops = [forward(stdout, STDOUT, session), forward(stderr, STDERR, session)]
      const detach = () => {
        for (const stop of stops) stop()
        for (const source of [stdout, stderr]) source?.resume()
        exited(session, 0, null)
      }
      running.set(session, { pid, stdin, closesInput, outputs: [stdout, stderr], end: detach })
      child.once('close', (code, signal) => exited(session, code, signal))
    },
    input(kind, session, bytes) {
      const { stdin, closesInput } = running.get(session) ?? {}
      if (kind !== STDIN) return closesInput === true ? void stdin?.end() : undefined
      const taken = () => link.event({ event: 'inputTaken', session })
      // A copy, because the frame's memory is the link's. One that reads no more takes everything.
      if (stdin?.writable) stdin.write(Buffer.from(bytes), taken)
      else taken()
    },
    flow(session, paused) {
      for (const source of running.get(session)?.outputs ?? []) {
        if (paused) source?.pause()
        else source?.resume()
      }
    },
    resize(session, columns, rows) {
      const pid = running.get(session)?.pid
      if (pid !== undefined) void resizeTerminal(timers, pid, columns, rows)
    },
    end,
    endAll: () => [...running.keys()].forEach(end),
  }
}
