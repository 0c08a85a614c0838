import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from '../images/root.ts'

/** A registry on loopback, which engines believe without a certificate. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:5000` */
  readonly address: string
  /** From now on only those who have this login are let in. */
  protect(username: string, password: string): void
}

export function registryMissing(): string | undefined {
  return program('docker-registry') === undefined
    ? 'no docker-registry: sudo apt-get install docker-registry'
    : undefined
}

/** Debian's registry, behind a server that asks for the password. */
export async function startRegistry(): Promise<Registry> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-registry-'))
  const behind = await freePort()
  const storage = `storage:\n  filesystem:\n    rootdirectory: ${directory}/data\n`
  writeFileSync(join(directory, 'config.yml'), `version: 0.1\n${storage}http:\n  addr: 127.0.0.1:${behind}\n`)
  const registry = spawn(program('docker-registry') ?? '', ['serve', join(directory, 'config.yml')], {
    stdio: 'ignore',
  })
  let wanted: string | undefined
  const door = createServer((asked, answer) => {
    if (wanted !== undefined && asked.headers.authorization !== wanted) {
      answer.writeHead(401, { 'WWW-Authenticate': 'Basic realm="registry"', 'Content-Type': 'application/json' })
      return void answer.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
    }
    const { method = 'GET', url = '/', headers } = asked
    const passed = request({ host: '127.0.0.1', port: behind, method, path: url, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers)
      got.pipe(answer)
    })
    passed.on('error', () => answer.destroy())
    asked.pipe(passed)
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  const { port } = door.address() as AddressInfo
  await untilAnswers(behind)
  return {
    address: `127.0.0.1:${port}`,
    protect(username, password) {
      wanted = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    },
    async [Symbol.asyncDispose]() {
      door.close()
      door.closeAllConnections()
      registry.kill('SIGKILL')
      await once(registry, 'exit')
      rmSync(directory, { recursive: true })
    },
  }
}

async function untilAnswers(port: number): Promise<void> {
  for (;;) {
    const answered = await fetch(`http://127.0.0.1:${port}/v2/`).then(
      () => true,
      () => false,
    )
    if (answered) return
    await sleep(50)
  }
}

async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
