import { inspect } from 'node:util'
import { ApiError } from '../api/meta/status.ts'
import { CliError } from './cli-error.ts'

/** How an error reads on a terminal: ours as a sentence and what to do next, a program's own as Node shows it. */
export function showError(error: unknown): string {
  if (error instanceof ApiError) return `error: ${error.message}\n`
  const { code, hint, message } = error as { code?: unknown; hint?: unknown; message?: unknown }
  if (error instanceof Error && typeof code === 'string' && typeof hint === 'string' && hint !== '') {
    return `error: ${String(message)}\n  ${hint} (${code})\n${causeOf(error)}`
  }
  return `${inspect(error, { colors: process.stderr.hasColors?.() ?? false, depth: 6 })}\n`
}

/** A cause says more than the sentence where it is the user's own error. */
function causeOf({ cause, name }: Error): string {
  if (cause === undefined || name === 'CliError' || name === 'ClusterError') return ''
  return `  caused by ${inspect(cause, { depth: 4 }).replaceAll('\n', '\n  ')}\n`
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CliError ? error.exitCode : 1
}
