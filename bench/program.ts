import { spawn } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { peakPssMb } from './memory.ts'

export const root = fileURLToPath(new URL('../', import.meta.url))

/** A program that has ended. */
export interface Ended {
  readonly output: string
  /** From before the process was started until it had ended, in milliseconds. */
  readonly ms: number
  /** From before the process was started until it first wrote to standard output. */
  readonly firstOutputMs: number
  /** Of all processes together; undefined unless asked for. */
  readonly peakPssMb?: number
}

/** Runs a program to its end and rejects where that is not a good one. Killed after two minutes. */
export async function runProgram(
  command: readonly [string, ...string[]],
  { watchMemory = false }: { readonly watchMemory?: boolean } = {},
): Promise<Ended> {
  const started = performance.now()
  const child = start(command, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 })
  let output = ''
  let complaints = ''
  let firstOutputMs = Number.NaN
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    if (output === '') firstOutputMs = performance.now() - started
    output += chunk
  })
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (complaints = (complaints + chunk).slice(-4000)))
  const closed = once(child, 'close')
  const peak = watchMemory ? peakPssMb(child.pid!, closed) : undefined
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null]
  const ms = performance.now() - started
  if (code !== 0) {
    throw new Error(`Cannot measure "${command.join(' ')}": it ended with ${signal ?? code}, expected 0\n${complaints}`)
  }
  const peakMb = await peak
  return { output, ms, firstOutputMs, ...(peakMb !== undefined && { peakPssMb: peakMb }) }
}

/** Starts a program in the checkout, with the compile cache that `bin/shoal` uses. */
export function start([program, ...args]: readonly [string, ...string[]], options: SpawnOptions = {}): ChildProcess {
  const env = { ...process.env, NODE_COMPILE_CACHE: `${root}node_modules/.cache/compile` }
  return spawn(program, args, { cwd: root, env, ...options })
}

/** Ends a program as Ctrl-C would and waits for it; by force after ten seconds. */
export async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGINT')
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(force)
}
