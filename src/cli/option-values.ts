import type { CommanderError } from 'commander'
import { parseQuantity } from '../api/meta/quantity.ts'
import type { WorkerOptions } from '../compute/pods/worker-job.ts'
import { CliError } from './cli-error.ts'

const HINT = 'see --help for what each option takes'
const LAST_PORT = 65_535

/** Reads a whole number from `least` to `most`. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    const current = text.trim() !== '' && Number.isFinite(value) ? 'it is out of range' : 'it is not one'
    throw new CliError(
      'CLI_USAGE',
      `Cannot use "${text}" as a number: ${current}, expected a whole number ${range}`,
      HINT,
    )
  }

/** Reads how many workers there are to be: `4`, or `0..8` for as many as the work needs. */
export function workerCount(text: string): number | { readonly min: number; readonly max: number } {
  const [, least, most] = /^(\d+)\.\.(\d+)$/.exec(text) ?? []
  if (least === undefined || most === undefined) return wholeNumber(1)(text)
  return { min: wholeNumber(0)(least), max: wholeNumber(Math.max(1, Number(least)))(most) }
}

export const port = wholeNumber(0, LAST_PORT)

/** Checks an amount of memory in Kubernetes' notation; it stays as it was written. */
export function quantity(text: string): string {
  const parsed = parseQuantity(text)
  if (parsed !== undefined) return text
  const message = `Cannot use "${text}" as an amount: it is not one, expected a quantity such as 512Mi or 2Gi`
  throw new CliError('CLI_USAGE', message, HINT)
}

/** Gathers `KEY=VALUE`, once or more, into labels. */
export function label(text: string, known: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at > 0) return { ...known, [text.slice(0, at)]: text.slice(at + 1) }
  throw new CliError('CLI_USAGE', `Cannot use "${text}" as a label: it has no value, expected KEY=VALUE`, HINT)
}

/** Checks the name of a run: it becomes the name of objects, with something after it. */
export function runName(text: string): string {
  if (/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(text)) return text
  const message = `Cannot use "${text}" as a name: expected up to 40 lower case letters, digits and dashes, such as nightly-1`
  throw new CliError('CLI_USAGE', message, HINT)
}

/** Reads `VARIABLE=secret/key`; further ones are added to those before. */
export function secretVariable(
  text: string,
  before: NonNullable<WorkerOptions['secrets']> = {},
): NonNullable<WorkerOptions['secrets']> {
  const [, name, secret, key] = /^([A-Za-z_][A-Za-z0-9_]*)=([-a-z0-9.]+)\/([-._a-zA-Z0-9]+)$/.exec(text) ?? []
  if (name !== undefined && secret !== undefined && key !== undefined) return { ...before, [name]: { secret, key } }
  const message = `Cannot use "${text}" as a secret: expected a variable, a Secret and a key of it, such as TOKEN=service/token`
  throw new CliError('CLI_USAGE', message, HINT)
}

/** Reads `NAME=claim`; further ones are added to those before. */
export function claimedVolume(
  text: string,
  before: Readonly<Record<string, { readonly claim: string }>> = {},
): Readonly<Record<string, { readonly claim: string }>> {
  const [, name, claim] = /^([a-z](?:[-a-z0-9]{0,50}[a-z0-9])?)=([-a-z0-9.]+)$/.exec(text) ?? []
  if (name !== undefined && claim !== undefined) return { ...before, [name]: { claim } }
  const message = `Cannot use "${text}" as a volume: expected a name and a PersistentVolumeClaim, such as data=measurements`
  throw new CliError('CLI_USAGE', message, HINT)
}

/** What the parser of the command line complains of, in our grammar. */
export function usageError({ message, code }: CommanderError): CliError {
  const [said = '', ...suggestions] = message.replace(/^error: /, '').split('\n')
  const better = suggestions
    .join(' ')
    .trim()
    .replace(/^\(|\)$/g, '')
  const expected = code === 'commander.unknownCommand' ? 'one of those that shoal --help lists' : 'what --help shows'
  const current = said.replaceAll("'", '"').replace(/\.$/, '')
  const text = `Cannot read the command line: ${current}, expected ${expected}`
  return new CliError('CLI_USAGE', text, better === '' ? HINT : better)
}
