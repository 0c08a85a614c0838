import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Shoal } from '../compute/shoal.ts'
import { systemEnvironment } from '../env/system.ts'
import { trimMemoryWhenIdle } from '../env/trim-memory.ts'
import { failedDirectory } from '../connect/cache-directory.ts'
import { discardPrepared } from '../connect/embedded-cluster.ts'
import { setRunSettings } from '../connect/run-settings.ts'
import type { RunSettings } from '../connect/run-settings.ts'
import { CliError } from './cli-error.ts'
import { onBrokenPipe, onInterrupt, PIPE_BROKEN } from './interrupt.ts'
import { loadProgram } from './program/load-program.ts'
import { createProgressView } from './progress/progress-view.ts'
import { createTimeline } from './run-timeline.ts'
import type { TimelineOptions } from './run-timeline.ts'
import { exitCodeOf, showError } from './show-error.ts'

export interface RunOptions extends TimelineOptions {
  readonly context?: string
  readonly kubeconfig?: string
  readonly namespace?: string
  readonly name?: string
  readonly image?: string
  /** How many, or from how few to how many. */
  readonly workers?: number | WorkerRange
  readonly threads?: number
  readonly memory?: string
  /** Where metrics are served while the program runs: `PORT` or `HOST:PORT`. */
  readonly metrics?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** Between which numbers of workers a run is elastic. */
export interface WorkerRange {
  readonly min: number
  readonly max: number
}

/** What a run was interrupted with: sessions reject whatever waits with it. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/**
 * `shoal run`: loads the program through the module hook and waits until its module has been evaluated and its sessions
 * are closed, those too that the program forgot to close. Resolves to the exit code: the program's own, 1 where it threw,
 * 130 after Ctrl-C.
 */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  const path = programPath(file)
  process.argv = [process.argv[0] ?? 'node', path, ...args]
  return await runLoaded(
    () => loadProgram(path, file),
    { ...settingsOf(options), program: { name: file, args } },
    options,
  )
}

/** The same for a program that `load` evaluates, with sessions that start from `settings`. */
export async function runLoaded(
  load: () => Promise<void>,
  settings: RunSettings,
  options: Pick<RunOptions, 'json' | 'quiet' | 'metrics'> & TimelineOptions,
): Promise<number> {
  const view = createProgressView(options)
  const timeline = createTimeline(systemEnvironment(), options)
  const sessions = new Set<Shoal>()
  using _served = options.metrics === undefined ? undefined : await served(options.metrics, sessions)
  setRunSettings({
    ...settings,
    onEvent: view.onEvent,
    // What a pod keeps goes with it.
    ...(settings.pod === undefined && { failedDirectory: failedDirectory() }),
    ...(timeline.onTask !== undefined && { onTask: timeline.onTask }),
    onSession: (session) => sessions.add(session),
  })
  // A short program has nothing to gain: its workers need every processor, and this thread holds little.
  trimMemoryWhenIdle(systemEnvironment().timers, { firstLookMs: 5_000 })
  const { exitCode, reason } = await ending(load(), () => view.close())
  await Promise.all([discardPrepared(), ...[...sessions].map((session) => session.close(reason))])
  view.finish()
  await timeline.write({
    name: settings.program?.name ?? 'program',
    ...(exitCode !== 0 && { failure: `exit code ${exitCode}` }),
  })
  // Whatever the program left open, such as timers, ends with it after a failure; a good end waits for it, as Node does.
  if (exitCode !== 0) process.exit(exitCode)
  return exitCode
}

/** HTTP is loaded where it is asked for. */
async function served(address: string, sessions: ReadonlySet<Shoal>): Promise<Disposable> {
  const { serveMetrics } = await import('./serve-metrics.ts')
  try {
    return await serveMetrics(address, sessions)
  } catch (error) {
    await discardPrepared()
    throw error
  }
}

interface Ending {
  readonly exitCode: number
  /** Why what still runs has to stop; absent where the program came to its end. */
  readonly reason?: Error
}

/** How the program comes to its end: by itself, by an error, or because somebody does not want to wait or to read. */
async function ending(program: Promise<void>, leaveTerminal: () => void): Promise<Ending> {
  const { promise, resolve: end } = Promise.withResolvers<Ending>()
  let isOver = false
  let hasEnded = false
  const stop = (exitCode: number) => {
    isOver = true
    leaveTerminal()
    if (exitCode !== PIPE_BROKEN) process.stderr.write('interrupted: ending the workers; once more ends at once\n')
    end({ exitCode, reason: new Interrupted('The run was interrupted') })
  }
  const fail = (error: unknown) => {
    // Once it is stopped, what is rejected is rejected because of that.
    if (isOver) return
    isOver = true
    leaveTerminal()
    process.stderr.write(showError(error))
    // What the program left running after its end has failed: there is nothing left to wait for.
    if (hasEnded) process.exit(exitCodeOf(error))
    end({ exitCode: exitCodeOf(error) })
  }
  onInterrupt(stop)
  onBrokenPipe(stop)
  process.on('uncaughtException', fail)
  program.then(() => {
    hasEnded = true
    end({ exitCode: Number(process.exitCode ?? 0) })
  }, fail)
  return await promise
}

function programPath(file: string): string {
  const path = resolve(file)
  if (!existsSync(path)) {
    const message = `Cannot run "${file}": there is no such file, expected a TypeScript or JavaScript program`
    throw new CliError('CLI_NO_PROGRAM', message, 'shoal run --help shows examples')
  }
  if (statSync(path).isDirectory()) {
    const message = `Cannot run "${file}": it is a directory, expected a TypeScript or JavaScript program`
    throw new CliError('CLI_NO_PROGRAM', message, `name a file in it, such as ${file}/main.ts`)
  }
  return path
}

function settingsOf({
  context,
  kubeconfig,
  namespace,
  name,
  image,
  workers,
  threads,
  memory,
}: RunOptions): RunSettings {
  return {
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(image !== undefined && { image }),
    ...((workers ?? threads ?? memory) !== undefined && {
      workers: {
        ...(typeof workers === 'number' ? { count: workers } : workers),
        ...(threads !== undefined && { threads }),
        ...(memory !== undefined && { memory }),
      },
    }),
  }
}
