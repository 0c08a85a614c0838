import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createHttpClient } from '../../src/client/http.ts'
import type { HttpClient } from '../../src/client/http.ts'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'

/** `shoal up` on a data directory, as a process that can be killed. */
export interface ServerProcess {
  readonly endpoint: Endpoint
  readonly client: HttpClient
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Ends it in good order. */
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const cache = fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url))

/**
 * Starts the server, below the command `under` (such as `strace`) where there is one; resolves when its API answers. `of` says
 * what belongs to it: default the API alone.
 */
export async function startServer(
  directory: string,
  under: readonly string[] = [],
  of: readonly string[] = ['--api-only'],
): Promise<ServerProcess> {
  // Aside: the disk of the data directory may be full on purpose.
  const aside = mkdtempSync(join(tmpdir(), 'shoal-server-'))
  const kubeconfig = join(aside, 'kubeconfig')
  const options = ['up', ...of, '--port', '0', '--data-dir', directory, '--kubeconfig', kubeconfig]
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', main, ...options]
  const [program = '', ...args] = [...under, ...node]
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, XDG_STATE_HOME: join(aside, 'state') }
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env })
  const ended = once(child, 'exit').then(() => rmSync(aside, { recursive: true, force: true }))
  const said: string[] = []
  for await (const line of createInterface(child.stderr)) {
    said.push(line)
    if (line.startsWith('ready in')) break
  }
  if (!said.at(-1)?.startsWith('ready in')) throw new Error(`Cannot start the server: ${said.join('\n')}`)
  child.stderr.resume()
  const { endpoint } = await parseKubeconfig(readFileSync(kubeconfig, 'utf8'))
  const client = createHttpClient(endpoint)
  // Below another command it is not our own child.
  const pid = Number(/\d+/.exec(readFileSync(join(directory, 'store', 'owner'), 'utf8'))?.[0])
  const end = async (signal: NodeJS.Signals) => {
    client.close()
    process.kill(pid, signal)
    await ended
  }
  return { endpoint, client, kill: () => end('SIGKILL'), stop: () => end('SIGINT') }
}
