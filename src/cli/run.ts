import { existsSync, statSync } from 'node:fs'
import module from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cacheDirectory } from '../connect/cache-directory.ts'
import { installHook } from '../compute/ship/hook.ts'
import type { Shoal } from '../compute/shoal.ts'
import { setRunSettings } from '../connect/run-settings.ts'
import { CliError } from './cli-error.ts'
import { onInterrupt } from './interrupt.ts'
import { createProgressView } from './progress/progress-view.ts'
import type { ProgressView } from './progress/progress-view.ts'
import { exitCodeOf, showError } from './show-error.ts'

export interface RunOptions {
  readonly context?: string
  readonly kubeconfig?: string
  readonly namespace?: string
  readonly workers?: number
  readonly threads?: number
  readonly memory?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** What a run was interrupted with: sessions reject whatever waits with it. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/**
 * `shoal run`: loads the program through the module hook and waits until it has ended and its sessions are closed.
 * Resolves to the exit code: the program's own, 1 where it threw, 130 after Ctrl-C.
 */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<number> {
  const path = programPath(file)
  const view = createProgressView(options)
  const sessions = new Set<Shoal>()
  prepare(file, path, args, options, view, sessions)
  const failed = Promise.withResolvers<number>()
  const fail = (error: unknown) => {
    view.close()
    process.stderr.write(showError(error))
    failed.resolve(exitCodeOf(error))
  }
  process.on('uncaughtException', fail)
  let interruption: Interrupted | undefined
  onInterrupt((exitCode) => {
    interruption = new Interrupted('The run was interrupted')
    view.close()
    process.stderr.write('interrupted: ending the workers\n')
    failed.resolve(exitCode)
  })
  const ran = load(file, path).then(() => Number(process.exitCode ?? 0))
  ran.catch((error: unknown) => interruption === undefined && fail(error))
  const exitCode = await Promise.race([ran.catch(() => failed.promise), failed.promise])
  await Promise.all([...sessions].map((session) => session.close(interruption)))
  view.close()
  // Whatever the program left open, such as timers, ends with it after a failure; a good end waits for it, as Node does.
  if (exitCode !== 0) process.exit(exitCode)
  return exitCode
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

function prepare(
  file: string,
  path: string,
  args: readonly string[],
  options: RunOptions,
  view: ProgressView,
  sessions: Set<Shoal>,
): void {
  const { context, kubeconfig, namespace, workers, threads, memory } = options
  process.argv = [process.argv[0] ?? 'node', path, ...args]
  resolveShoal()
  installHook({ cacheDirectory: cacheDirectory() })
  setRunSettings({
    program: { name: file, args },
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(namespace !== undefined && { namespace }),
    ...((workers ?? threads ?? memory) !== undefined && {
      workers: {
        ...(workers !== undefined && { count: workers }),
        ...(threads !== undefined && { threads }),
        ...(memory !== undefined && { memory }),
      },
    }),
    onEvent: view.onEvent,
    onSession: (session) => sessions.add(session),
  })
}

/** A program's `shoal` is the one that runs it, wherever the program lies. */
function resolveShoal(): void {
  const entries: Readonly<Record<string, string>> = {
    shoal: '../index.ts',
    'shoal/cluster': '../cluster/index.ts',
    'shoal/client': '../client/index.ts',
    'shoal/testing': '../testing/index.ts',
  }
  module.registerHooks({
    resolve(specifier, context, next) {
      const entry = entries[specifier]
      if (entry === undefined) return next(specifier, context)
      return { url: new URL(entry, import.meta.url).href, format: 'module-typescript', shortCircuit: true }
    },
  })
}

async function load(file: string, path: string): Promise<void> {
  try {
    await import(pathToFileURL(path).href)
  } catch (error) {
    throw explained(error, file)
  }
}

/** Errors of loading are told as such; errors that the program threw are its own. */
function explained(error: unknown, file: string): unknown {
  const { code, message, stack = '' } = error as NodeJS.ErrnoException
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT') {
    const text = `Cannot run "${file}": ${message.charAt(0).toLowerCase()}${message.slice(1)}, expected every import to be there`
    return new CliError('CLI_PROGRAM', text, 'check the path, or install the package', { cause: error })
  }
  const isSyntax =
    code === 'ERR_INVALID_TYPESCRIPT_SYNTAX' ||
    (error instanceof SyntaxError && !/\n\s+at /.test(stack.split('at compileSourceTextModule')[0] ?? ''))
  if (!isSyntax) return error
  const where = /^(file:\/\/)?(.*?:\d+)$/m.exec(stack)?.[2]
  const text = `Cannot run "${file}": ${message}${where === undefined ? '' : ` at ${where}`}, expected a program that parses`
  return new CliError('CLI_PROGRAM', text, 'mend the syntax there and run it again', { cause: error })
}
