import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { STDERR, STDIN, STDOUT } from './framing.ts'
import { enterNamespaces } from './launch.ts'
import type { Link } from './link.ts'
import type { StartExec } from './messages.ts'
import { signalGroup } from './processes.ts'

/** Commands run within containers: their streams travel over the link. */
export interface ExecSessions {
  start(session: number, exec: StartExec, containerPid: number, namespaces: boolean): void
  input(kind: number, session: number, bytes: Buffer): void
  flow(session: number, paused: boolean): void
  end(session: number): void
  endAll(): void
}

export function createExecSessions(link: Link): ExecSessions {
  const running = new Map<number, ChildProcess>()
  const end = (session: number) => {
    const pid = running.get(session)?.pid
    if (pid !== undefined) signalGroup(pid, 'SIGKILL', true)
  }
  const forward = (child: ChildProcess, kind: number, session: number) => {
    const source = kind === STDOUT ? child.stdout : child.stderr
    source?.on('data', (chunk: Buffer) => {
      if (link.data(kind, session, chunk)) return
      source.pause()
      link.onDrain(() => source.resume())
    })
  }
  return {
    start(session, exec, containerPid, namespaces) {
      const argv = enterNamespaces(containerPid, exec, namespaces)
      const child = spawn(argv[0] ?? '', argv.slice(1), {
        env: exec.env,
        stdio: [exec.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
        detached: true,
      })
      running.set(session, child)
      forward(child, STDOUT, session)
      forward(child, STDERR, session)
      child.stdin?.on('error', () => undefined)
      child.on('error', () => undefined)
      child.once('close', (code, signal) => {
        running.delete(session)
        const exitCode = signal ? 128 + constants.signals[signal] : (code ?? 255)
        link.event({ event: 'execExit', session, exitCode })
      })
    },
    input(kind, session, bytes) {
      const stdin = running.get(session)?.stdin
      if (kind !== STDIN) return void stdin?.end()
      const taken = () => link.event({ event: 'inputTaken', session })
      // A copy, because the frame's memory is the link's. One that reads no more takes everything.
      if (stdin?.writable) stdin.write(Buffer.from(bytes), taken)
      else taken()
    },
    flow(session, paused) {
      for (const source of [running.get(session)?.stdout, running.get(session)?.stderr]) {
        if (paused) source?.pause()
        else source?.resume()
      }
    },
    end,
    endAll: () => [...running.keys()].forEach(end),
  }
}
