import { defineRuns } from '../../compute/run/create-run.ts'
import { tidyRuns } from '../../compute/run/tidy-runs.ts'
import { runController } from './run-controller.ts'
import { sleep } from '../../env/clock.ts'
import { systemEnvironment } from '../../env/system.ts'
import { namespaces } from '../../api/generated/resources.ts'
import { startManager } from '../../reconcile/manager.ts'
import { onInterrupt } from '../interrupt.ts'
import { openTarget } from '../target-cluster.ts'
import type { TargetOptions } from '../target-cluster.ts'

const TIDY_MS = 60_000

/** `shoal operator`: starts the drivers of runs, in all namespaces, until it is interrupted. */
export async function operate(options: TargetOptions): Promise<number> {
  const env = systemEnvironment()
  using cluster = await openTarget(options)
  const { client } = cluster
  await defineRuns(client)
  const stopped = new AbortController()
  onInterrupt((exitCode) => stopped.abort(exitCode))
  await using manager = startManager({ env, clientFor: () => client, controllers: [runController] })
  await manager.ready
  process.stderr.write('operator: ready\n')
  while (!stopped.signal.aborted) {
    const { items } = await client.list(namespaces).catch(() => ({ items: [] }))
    for (const { metadata } of items) {
      await tidyRuns({ client, env, namespace: metadata.name ?? '' }).catch((error: unknown) =>
        env.log.warn('Cannot tidy runs', { error }),
      )
    }
    await sleep(env.timers, TIDY_MS, stopped.signal).catch(() => {})
  }
  return 0
}
