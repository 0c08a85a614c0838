import { inspect } from 'node:util'
import { readFailedTask } from '../compute/replay/failed-task.ts'
import { replayTask } from '../compute/replay/replay-task.ts'
import { failedDirectory } from '../connect/cache-directory.ts'
import { systemEnvironment } from '../env/system.ts'
import { showError } from './show-error.ts'

export interface ReplayOptions {
  readonly inspect?: boolean
}

/**
 * `shoal replay TASK`: runs a task that failed again, in this process, with its functions and its input as its worker had them.
 * Resolves to the exit code: 0 where it is done, 1 where it fails.
 */
export async function replay(id: string, options: ReplayOptions): Promise<number> {
  const task = readFailedTask(failedDirectory(), id)
  process.stderr.write(
    `${task.name}, ${task.what}: it failed at ${new Date(task.atMs).toISOString()} with ${task.error}\n`,
  )
  if (task.nodeVersion !== process.version)
    process.stderr.write(
      `warning: its worker ran on the Node of its driver, ${task.nodeVersion}; this is ${process.version}\n`,
    )
  if (options.inspect === true) await waitForDebugger()
  const { clock } = systemEnvironment()
  const startedMs = clock.monotonicMs()
  const replayed = await replayTask(task, { stops: options.inspect === true })
  const ms = Math.round(clock.monotonicMs() - startedMs)
  if (!replayed.isDone) {
    process.stderr.write(`failed again after ${ms} ms:\n${showError(replayed.error)}`)
    return 1
  }
  process.stderr.write(`done in ${ms} ms\n`)
  for (const value of replayed.values ?? []) process.stdout.write(`${inspect(value, { depth: 6 })}\n`)
  return 0
}

/** The inspector tells the address itself, and goes on when somebody is there. */
async function waitForDebugger(): Promise<void> {
  const inspector = await import('node:inspector')
  inspector.open(0, '127.0.0.1')
  process.stderr.write(
    'It stops where the function is called; step into it. Chrome: chrome://inspect; VS Code: attach\n',
  )
  inspector.waitForDebugger()
}
