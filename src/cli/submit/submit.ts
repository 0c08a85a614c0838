import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { userInfo } from 'node:os'
import { cacheDirectory } from '../../connect/cache-directory.ts'
import { settleRun } from '../operator/settle-run.ts'
import { submitRun } from '../../compute/submit/submit-run.ts'
import { firstWorkers } from '../../compute/pods/worker-job.ts'
import type { WorkerOptions } from '../../compute/pods/worker-job.ts'
import { randomSuffix } from '../../env/random.ts'
import { systemEnvironment } from '../../env/system.ts'
import type { WorkerRange } from '../run.ts'
import { CliError } from '../cli-error.ts'
import { openTarget } from '../target-cluster.ts'
import type { TargetOptions } from '../target-cluster.ts'
import type { DriverSpec } from '../../compute/submit/driver-spec.ts'
import { bundleDriver } from './bundle-driver.ts'
import { followRun } from './follow-run.ts'

export interface SubmitOptions extends TargetOptions {
  readonly name?: string
  readonly workers?: number | WorkerRange
  readonly threads?: number
  readonly memory?: string
  readonly driverMemory?: string
  readonly stateClaim?: string
  readonly serviceAccount?: string
  readonly image?: string
  readonly secret?: NonNullable<WorkerOptions['secrets']>
  readonly volume?: NonNullable<DriverSpec['volumes']>
  readonly follow?: boolean
}

/**
 * `shoal submit FILE`: the program's driver runs in the cluster, whoever goes to sleep here. Prints the run's name. With
 * `--follow` shows what the driver writes until the run is over, and resolves to 1 where it failed.
 */
export async function submit(file: string, args: readonly string[], options: SubmitOptions): Promise<number> {
  const path = resolve(file)
  if (!existsSync(path)) {
    const message = `Cannot submit "${file}": there is no such file, expected a TypeScript or JavaScript program`
    throw new CliError('CLI_NO_PROGRAM', message, 'shoal submit --help shows examples')
  }
  const env = systemEnvironment()
  using cluster = await openTarget(options)
  const { client, namespace } = cluster
  const name = options.name ?? `run-${randomSuffix(env.random, 8)}`
  const workers = workersOf(options)
  const program = await bundleDriver({
    path,
    name: relative(process.cwd(), path),
    args,
    workers,
    cacheDirectory: cacheDirectory(),
  })
  const { secret, volume, driverMemory, stateClaim, serviceAccount } = options
  await submitRun({
    client,
    env,
    namespace,
    name,
    program,
    spec: { program: file, args, owner: userInfo().username, workers: firstWorkers(workers) },
    driver: {
      image: options.image ?? `node:${process.versions.node.split('.')[0]}`,
      ...(driverMemory !== undefined && { memory: driverMemory }),
      ...(stateClaim !== undefined && { stateClaim }),
      ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
      ...(secret !== undefined && { secrets: secret }),
      ...(volume !== undefined && { volumes: volume }),
    },
  })
  await settleRun(client, env, { namespace, name }, new AbortController().signal)
  if (options.follow !== true) {
    process.stdout.write(`${name}\n`)
    return 0
  }
  process.stderr.write(`submitted ${name}\n`)
  return await followRun(client, { namespace, name })
}

function workersOf({ workers, threads, memory, secret, volume }: SubmitOptions): WorkerOptions {
  return {
    // The pods' nodes are not this machine: one thread for each unless somebody says otherwise.
    threads: threads ?? 1,
    ...(typeof workers === 'number' ? { count: workers } : workers),
    ...(memory !== undefined && { memory }),
    ...(secret !== undefined && { secrets: secret }),
    ...(volume !== undefined && { volumes: volume }),
  }
}
