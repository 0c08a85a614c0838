import { jobs } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { ObjectKey } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { perform } from '../../reconcile/executor.ts'
import { runs } from '../../compute/run/run.ts'
import { driverName } from '../../compute/submit/driver-job.ts'
import { decideRun } from './run-controller.ts'

/** Does once for one run what our operator does all the time: for clusters in which none runs. */
export async function settleRun(client: Client, env: Environment, key: ObjectKey, signal: AbortSignal): Promise<void> {
  const [run, job] = await Promise.all([
    client.get(runs, key).catch(ignoreMissing),
    client.get(jobs, { ...key, name: driverName(key.name) }).catch(ignoreMissing),
  ])
  const { changes } = decideRun(run, job, env.clock.now())
  await perform(client, changes, { wrote() {}, event() {} }, signal)
}

function ignoreMissing(error: unknown): undefined {
  if (!hasReason(error, 'NotFound')) throw error
}
