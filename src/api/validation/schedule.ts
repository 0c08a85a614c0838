import { invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'

const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']

const FIELDS: readonly { readonly minimum: number; readonly maximum: number; readonly names?: readonly string[] }[] = [
  { minimum: 0, maximum: 59 },
  { minimum: 0, maximum: 23 },
  { minimum: 1, maximum: 31 },
  { minimum: 1, maximum: 12, names: 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ') },
  { minimum: 0, maximum: 6, names: 'sun mon tue wed thu fri sat'.split(' ') },
]

/** A schedule in cron's five fields or one of its names, with the messages of the parser that Kubernetes uses. */
export function validateSchedule(schedule: string, path: string): FieldError[] {
  if (/^(TZ|CRON_TZ)=/.test(schedule) || schedule.includes('TZ')) {
    return [invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
  }
  const problem = problemOf(schedule)
  return problem === undefined ? [] : [invalid(path, schedule, problem)]
}

function problemOf(schedule: string): string | undefined {
  if (schedule.startsWith('@')) {
    if (DESCRIPTORS.includes(schedule) || /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(schedule)) return undefined
    return `unrecognized descriptor: ${schedule}`
  }
  const fields = schedule.split(/\s+/).filter((field) => field !== '')
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`
  for (let i = 0; i < fields.length; i++) {
    for (const part of (fields[i] ?? '').split(',')) {
      const problem = rangeProblem(part, i)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

function rangeProblem(text: string, index: number): string | undefined {
  const { minimum, maximum } = FIELDS[index] ?? { minimum: 0, maximum: 0 }
  const [range = '', step, ...tooMany] = text.split('/')
  const [from = '', to, ...rest] = range.split('-')
  if (rest.length > 0) return `too many hyphens: ${text}`
  if (tooMany.length > 0) return `too many slashes: ${text}`
  if (from !== '*' && from !== '?') {
    const start = numberOf(from, index)
    if (typeof start === 'string') return start
    const end = to === undefined ? (step === undefined ? start : maximum) : numberOf(to, index)
    if (typeof end === 'string') return end
    if (start < minimum) return `beginning of range (${start}) below minimum (${minimum}): ${text}`
    if (end > maximum) return `end of range (${end}) above maximum (${maximum}): ${text}`
    if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`
  }
  if (step === undefined) return undefined
  const parsed = numberOf(step, -1)
  if (typeof parsed === 'string') return parsed
  return parsed === 0 ? `step of range should be a positive number: ${text}` : undefined
}

function numberOf(text: string, index: number): number | string {
  const { minimum = 0, names } = FIELDS[index] ?? {}
  const named = names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + minimum
  if (/^-\d+$/.test(text)) return `negative number (${text}) not allowed: ${text}`
  if (/^\d+$/.test(text)) return Number(text)
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`
}

export function validateTimeZone(timeZone: string, path: string): FieldError[] {
  if (timeZone === '') return [invalid(path, timeZone, 'timeZone must be nil or non-empty string')]
  if (timeZone.toLowerCase() === 'local') {
    return [
      invalid(path, timeZone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'),
    ]
  }
  try {
    void new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions()
    return []
  } catch {
    return [invalid(path, timeZone, `unknown time zone ${timeZone}`)]
  }
}
