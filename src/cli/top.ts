import { hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import { runs } from '../compute/run/run.ts'
import type { Run } from '../compute/run/run.ts'
import { sleep } from '../env/clock.ts'
import { systemEnvironment } from '../env/system.ts'
import { CliError } from './cli-error.ts'
import { openTarget } from './target-cluster.ts'
import type { TargetOptions } from './target-cluster.ts'
import { topText } from './top-text.ts'

export interface TopOptions extends TargetOptions {
  readonly allNamespaces?: boolean
  readonly watch?: boolean
  readonly output?: 'json' | 'yaml'
}

const AGAIN_MS = 2_000

/** `shoal top`: what runs are at. Resolves to the exit code: 0 also where nothing runs. */
export async function top(name: string | undefined, options: TopOptions): Promise<number> {
  using cluster = await openTarget(options)
  const { timers, clock } = systemEnvironment()
  const namespace = options.allNamespaces === true ? undefined : cluster.namespace
  for (;;) {
    const found = await runsOf(cluster.client, namespace, name)
    if (options.output === 'json') process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`)
    else if (options.output === 'yaml') process.stdout.write((await import('yaml')).stringify(found))
    else {
      // The picture before is wiped, on a terminal.
      if (options.watch === true && process.stdout.isTTY) process.stdout.write('\x1b[H\x1b[2J')
      process.stdout.write(topText(found, clock.now()))
    }
    if (options.watch !== true) return 0
    await sleep(timers, AGAIN_MS)
  }
}

/** The one of that name, or all that run. Nobody has run anything where the server does not know of runs. */
async function runsOf(
  client: Client,
  namespace: string | undefined,
  name: string | undefined,
): Promise<readonly Run[]> {
  try {
    const { items } = await client.list(runs, namespace === undefined ? {} : { namespace })
    const found = items.filter(({ metadata, status }) =>
      name === undefined ? status?.phase === 'Running' : metadata.name === name,
    )
    if (name === undefined || found.length > 0) return found
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
    if (name === undefined) return []
  }
  const message = `Cannot show "${name}": there is no such run, expected one that kubectl get runs lists`
  throw new CliError('CLI_USAGE', message, 'shoal top --all-namespaces shows all that run')
}
