import { nodes } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { sleep } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'

/** How long the first node of a cluster on this machine is waited for, and when that is told. */
const FIRST_NODE_MS = 10_000
const FIRST_WORD_MS = 1000
const PAUSE_MS = 50
const ANSWER_MS = 10_000

export interface ThisMachineOptions {
  readonly env: Environment
  readonly client: Pick<Client, 'list'>
  /** The API server's address. */
  readonly server: string
  /** Hears once that there is no node yet, where that takes long. */
  readonly onWaiting: (reasons: readonly string[]) => void
}

/**
 * Whether pods are processes of this machine and can open a socket of this process: as those of `shoal up` can. Its API answers before
 * its nodes are there, and says nothing of the machine without them: they are waited for. A cluster that has none after that
 * counts as elsewhere.
 */
export async function isThisMachine({ env, client, server, onWaiting }: ThisMachineOptions): Promise<boolean> {
  const { hostname } = new URL(server)
  if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return false
  const startedMs = env.clock.monotonicMs()
  let isTold = false
  for (;;) {
    const runtimes = await runtimesOf(client)
    if (runtimes === undefined) return false
    if (runtimes.length > 0) return runtimes.every((runtime) => runtime.startsWith('process://'))
    const waitedMs = env.clock.monotonicMs() - startedMs
    if (waitedMs > FIRST_NODE_MS) return false
    if (waitedMs > FIRST_WORD_MS && !isTold) {
      isTold = true
      onWaiting(['the cluster has no node yet'])
    }
    await sleep(env.timers, PAUSE_MS)
  }
}

/** Of the nodes that have told of themselves; undefined where nodes are not for us to see. */
async function runtimesOf(client: Pick<Client, 'list'>): Promise<readonly string[] | undefined> {
  const found = await client.list(nodes, { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => undefined)
  return found?.items.flatMap(({ status }) => status?.nodeInfo?.containerRuntimeVersion || [])
}
