import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server that runs beside the tests, with what it has said so far. */
export interface Program extends AsyncDisposable {
  readonly name: string
  log(): string
  /** Stops it where it is, as a machine that hangs; `thaw` lets it go on. */
  freeze(): void
  thaw(): void
  /** Resolves when `holds` does; rejects where the program ends before, or has not come so far in two minutes. */
  until(holds: () => Promise<boolean>): Promise<void>
}

const PATIENCE_MS = 120_000
const LOOK_MS = 50

export function startProgram(name: string, file: string, args: readonly string[], cwd: string): Program {
  const child = spawn(file, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const log = () => Buffer.concat(chunks).toString()
  const running = () => child.exitCode === null && child.signalCode === null
  return {
    name,
    log,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async until(holds) {
      for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
        if (!running()) break
        if (await holds().catch(() => false)) return
        await sleep(LOOK_MS)
      }
      throw new Error(`Cannot start "${name}": ${running() ? 'not ready' : 'it ended'}: ${log().slice(-3_000)}`)
    },
    async [Symbol.asyncDispose]() {
      if (!running()) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  for (const server of servers) server.close()
  return ports
}
