import { inspect } from 'node:util'
import { ApiError } from '../api/meta/status.ts'
import { WorkerLostError } from '../compute/errors.ts'
import { describeLoss } from '../compute/coordinator/loss.ts'
import type { LossRecord } from '../compute/coordinator/loss.ts'
import { JOINED_CODE } from '../env/joined-code.ts'
import { CliError } from './cli-error.ts'

/** How an error reads on a terminal: ours as a sentence and what to do next, a program's own as Node shows it. */
export function showError(error: unknown): string {
  if (error instanceof ApiError) return `error: ${error.message}\n`
  if (error instanceof WorkerLostError)
    return `error: ${error.message}\n${lossesOf(error)}  ${error.hint} (${error.code})\n`
  const { code, hint, message } = error as { code?: unknown; hint?: unknown; message?: unknown }
  if (error instanceof Error && typeof code === 'string' && typeof hint === 'string' && hint !== '') {
    return `error: ${String(message)}\n  ${hint} (${code})\n${causeOf(error)}`
  }
  return `${ofUser(inspect(error, { colors: process.stderr.hasColors?.() ?? false, depth: 6 }))}\n`
}

/** Frames of Node's own insides and of ours say nothing to the author of a program, as long as others are left. */
function ofUser(shown: string): string {
  const lines = shown.split('\n')
  const isFrame = (line: string) => /^\W*(\[\d+m)?\s*at /.test(line)
  const isForeign = (line: string) =>
    isFrame(line) &&
    (line.includes('(node:internal') ||
      /at (async )?node:internal/.test(line) ||
      line.includes(OWN_SOURCES) ||
      line.includes(JOINED_CODE.href))
  const kept = lines.filter((line) => !isForeign(line))
  return kept.some(isFrame) ? kept.join('\n') : shown
}

const OWN_SOURCES = new URL('../', import.meta.url).href

/** How each worker ended, and what the last of them wrote before that: those before it wrote much the same. */
function lossesOf({ losses }: WorkerLostError): string {
  const lines = losses.map((record, i) => `  loss ${i + 1}: ${factsOf(record)}\n`)
  const last = losses.at(-1)
  const said = [...(last?.message === undefined ? [] : last.message.split('\n')), ...(last?.lastLogLines ?? [])]
  return lines.join('') + (said.length === 0 ? '' : `  it wrote:\n${said.map((line) => `    ${line}\n`).join('')}`)
}

function factsOf(record: LossRecord): string {
  const { reason, exitCode, signal } = record
  const numbers = [
    ...(signal !== undefined && !reason.includes(signal) ? [signal] : []),
    ...(exitCode !== undefined && !reason.includes(`code ${exitCode}`) ? [`exit code ${exitCode}`] : []),
  ]
  return describeLoss(record) + (numbers.length === 0 ? '' : ` (${numbers.join(', ')})`)
}

/** A cause says more than the sentence where it is the user's own error; what the system said is in the sentence. */
function causeOf({ cause, name }: Error): string {
  if (cause === undefined || name === 'CliError' || name === 'ClusterError') return ''
  if (typeof (cause as { syscall?: unknown } | null)?.syscall === 'string') return ''
  return `  caused by ${inspect(cause, { depth: 4 }).replaceAll('\n', '\n  ')}\n`
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CliError ? error.exitCode : 1
}
