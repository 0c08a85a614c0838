import { mkdirSync } from 'node:fs'
import { DRIVER_VARIABLES } from '../../compute/submit/driver-job.ts'
import { declarePackages } from '../../compute/ship/imports.ts'
import type { PackageBundler } from '../../compute/ship/packages.ts'
import type { WorkerOptions } from '../../compute/pods/worker-job.ts'
import type { WorkerPrograms } from '../../compute/worker-program.ts'
import type { ShippedCode } from '../../compute/wire/shipped.ts'
import { exitCodeOf, showError } from '../show-error.ts'
import { runLoaded } from '../run.ts'

/** What `shoal submit` has made ready for a driver in the cluster. */
export interface PreparedDriver {
  readonly program: string
  readonly args: readonly string[]
  readonly workers: WorkerOptions
  readonly programs: { readonly workers: WorkerPrograms; readonly columnar: WorkerPrograms['pipeline'] }
  /** By specifier: the bundle, or why there is none. */
  readonly packages: Readonly<Record<string, ShippedCode | string>>
}

/** The program of a driver's pod: evaluates the user's as `shoal run` does, and ends with its exit code. */
export async function runDriver(prepared: PreparedDriver, load: () => Promise<unknown>): Promise<void> {
  const { program, args, packages } = prepared
  const variables = process.env
  const stateDirectory = variables[DRIVER_VARIABLES.state] ?? '/state'
  mkdirSync(stateDirectory, { recursive: true })
  declarePackages(Object.keys(packages))
  process.argv = [process.argv[0] ?? 'node', program, ...args]
  const settings = {
    program: { name: program, args },
    workers: prepared.workers,
    pod: {
      run: variables[DRIVER_VARIABLES.run] ?? '',
      namespace: variables[DRIVER_VARIABLES.namespace] ?? 'default',
      host: variables[DRIVER_VARIABLES.host] ?? '127.0.0.1',
      stateDirectory,
      programs: prepared.programs,
      bundler: bundlerOf(packages),
    },
  }
  try {
    process.exitCode = await runLoaded(async () => void (await load()), settings, {})
  } catch (error) {
    process.stderr.write(showError(error))
    process.exitCode = exitCodeOf(error)
  }
}

function bundlerOf(packages: PreparedDriver['packages']): PackageBundler {
  return {
    async bundle({ specifier }) {
      const found = packages[specifier]
      if (typeof found === 'object') return found
      throw new Error(found ?? `Cannot send "${specifier}" to a worker: it was not bundled when the run was submitted`)
    },
    close: () => Promise.resolve(),
  }
}
