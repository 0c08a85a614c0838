import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeDataDirectory, unusableDirectory } from '../cluster/data-directory.ts'
import { makeDirectory } from '../env/make-directory.ts'
import { CliError } from './cli-error.ts'
import { stateDirectory } from './state-directory.ts'

interface Ready {
  readonly server: string
  readonly kubeconfig: string
}

/**
 * Starts the same command in the background and waits until it is ready. Resolves to the exit code; where the cluster cannot
 * start, what it said is said here, and its exit code is ours.
 */
export async function detach(dataDirectory: string | undefined): Promise<number> {
  const logFile = logFileOf(dataDirectory)
  // Appended to, since another cluster may be writing there.
  const log = openLog(logFile)
  const logStart = fstatSync(log).size
  const args = [...process.execArgv, ...process.argv.slice(1).filter((arg) => arg !== '--detach')]
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log, 'ipc'] })
  closeSync(log)
  const outcome = await new Promise<Ready | { readonly exitCode: number }>((done, reject) => {
    child.once('message', (message) => done(message as Ready))
    child.once('exit', (code) => done({ exitCode: code ?? 1 }))
    child.once('error', reject)
  })
  if ('exitCode' in outcome) return tellFailure(logFile, logStart, outcome.exitCode)
  child.disconnect()
  child.unref()
  const ms = Math.round(performance.now())
  process.stderr.write(`ready in ${ms} ms: ${outcome.server}, process ${child.pid}, log ${logFile}\n`)
  process.stderr.write(`  export KUBECONFIG=${outcome.kubeconfig}\n`)
  return 0
}

function logFileOf(dataDirectory: string | undefined): string {
  if (dataDirectory !== undefined) makeDataDirectory(dataDirectory)
  else makeDirectory(stateDirectory(), 0o700)
  return join(dataDirectory ?? stateDirectory(), 'up.log')
}

function openLog(logFile: string): number {
  try {
    return openSync(logFile, 'a', 0o600)
  } catch (error) {
    throw unusableDirectory(error, dirname(logFile))
  }
}

function tellFailure(logFile: string, logStart: number, exitCode: number): number {
  const said = readFileSync(logFile).subarray(logStart).toString()
  if (said.startsWith('error: ')) {
    process.stderr.write(said)
    return exitCode
  }
  const message = `Cannot detach the cluster: it ended with code ${exitCode}, expected it to run\n${said.trim()}`
  throw new CliError('CLI_DETACH', message, `its log is ${logFile}`)
}
