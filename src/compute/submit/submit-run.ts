import { configMaps } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'
import type { Environment } from '../../env/environment.ts'
import { ComputeError } from '../errors.ts'
import { createRun, defineRuns } from '../run/create-run.ts'
import { runs } from '../run/run.ts'
import type { Run, RunSpec } from '../run/run.ts'
import { allowDrivers } from './driver-access.ts'
import { programMaps, programParts } from './driver-job.ts'
import type { DriverSpec } from './driver-spec.ts'

export interface Submission {
  readonly client: Client
  readonly env: Environment
  readonly namespace: string
  readonly name: string
  readonly spec: Omit<RunSpec, 'driver'>
  readonly driver: Omit<DriverSpec, 'parts'>
  /** The program and all that it needs, compressed with brotli. */
  readonly program: Uint8Array
}

/**
 * Makes a run whose driver runs in the cluster: our operator starts it, or `settleRun`. Rejects with `SHOAL_RUN_EXISTS` where the name is taken.
 */
export async function submitRun(submission: Submission): Promise<Run> {
  const { client, name, namespace, program } = submission
  const driver: DriverSpec = { ...submission.driver, parts: programParts(program) }
  if (driver.serviceAccountName === undefined) await allowDrivers(client, namespace)
  await defineRuns(client)
  const run = await createRun(submission, {
    apiVersion: 'shoal.dev/v1',
    kind: 'Run',
    metadata: { name, namespace },
    spec: { ...submission.spec, driver },
  }).catch((error: unknown) => {
    throw hasReason(error, 'AlreadyExists') ? existsError(name, error) : error
  })
  try {
    await Promise.all(programMaps(run, program).map((map) => client.create(configMaps, map)))
  } catch (error) {
    // Half a run is none: what was made of it goes with it.
    await client.delete(runs, { namespace, name }).catch(() => {})
    throw error
  }
  return run
}

function existsError(name: string, cause: unknown): ComputeError {
  const message = `Cannot submit "${name}": there is a run of that name, expected none`
  const hint = `give it another name, or delete that one: kubectl delete run ${name}`
  return new ComputeError('SHOAL_RUN_EXISTS', message, { facts: { name }, hint, cause })
}
