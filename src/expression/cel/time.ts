import { Duration, EvaluationError, Timestamp } from './values.ts'

const SECOND = 1_000_000_000n
const MIN = -62_135_596_800n * SECOND
const MAX = 253_402_300_799n * SECOND + SECOND - 1n
const DURATION_MAX = (1n << 63n) - 1n

export function timestamp(nanos: bigint): Timestamp {
  if (nanos < MIN || nanos > MAX) throw new EvaluationError('timestamp overflow')
  return new Timestamp(nanos)
}

export function duration(nanos: bigint): Duration {
  if (nanos > DURATION_MAX || nanos < -DURATION_MAX - 1n) throw new EvaluationError('duration overflow')
  return new Duration(nanos)
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/i

/** Reads RFC 3339; undefined for anything else. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [, base = '', fraction = '', zone = ''] = match
  const millis = Date.parse(`${base.toUpperCase()}${zone.toUpperCase()}`)
  if (Number.isNaN(millis)) return undefined
  return timestamp(BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0')))
}

export function formatTimestamp({ nanos }: Timestamp): string {
  const fraction = ((nanos % SECOND) + SECOND) % SECOND
  const base = isoOf(Number((nanos - fraction) / 1_000_000n)).slice(0, 19)
  return `${base}${fraction === 0n ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`}Z`
}

/** The calendar of a moment, without a clock: the days since 1970 as a civil date. */
function isoOf(millis: number): string {
  const { year, month, day, hours, minutes, seconds } = fieldsOf(millis)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hours)}:${two(minutes)}:${two(seconds)}`
}

export interface TimeFields {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly day: number
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  readonly millis: number
  /** From Sunday, 0. */
  readonly weekday: number
  /** From 0. */
  readonly dayOfYear: number
}

/** After Howard Hinnant's algorithm for civil dates. */
function fieldsOf(millis: number): TimeFields {
  const days = Math.floor(millis / 86_400_000)
  const rest = millis - days * 86_400_000
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return {
    year,
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    hours: Math.floor(rest / 3_600_000),
    minutes: Math.floor(rest / 60_000) % 60,
    seconds: Math.floor(rest / 1000) % 60,
    millis: rest % 1000,
    weekday: (((days + 4) % 7) + 7) % 7,
    dayOfYear: days - daysOf(year),
  }
}

/** Days from 1970 to the first of January of `year`. */
function daysOf(year: number): number {
  const before = year - 1
  const leaps = (y: number) => Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  return (year - 1970) * 365 + leaps(before) - leaps(1969)
}

/** The calendar of a moment in a zone: `UTC`, an offset such as `-02:30`, or a name such as `Europe/Zurich`. */
export function calendar({ nanos }: Timestamp, zone = 'UTC'): TimeFields {
  const millis = Math.floor(Number(nanos / 1_000_000n))
  return fieldsOf(millis + offsetOf(millis, zone))
}

function offsetOf(millis: number, zone: string): number {
  if (zone === '' || zone === 'UTC' || zone === 'Z') return 0
  const match = /^([+-]?)(\d\d):(\d\d)$/.exec(zone)
  if (match !== null) {
    const minutes = Number(match[2]) * 60 + Number(match[3])
    return minutes * 60_000 * (match[1] === '-' ? -1 : 1)
  }
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    const name = format.formatToParts(millis).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
    return name === 'GMT' ? 0 : offsetOf(millis, name.slice(3, 9))
  } catch {
    throw new EvaluationError(`unknown time zone ${zone}`)
  }
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3_600n * SECOND,
}

/** Reads Go's durations, such as `1h30m` or `-1.5s`; undefined for anything else. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text)
  if (match === null) return undefined
  let nanos = 0n
  for (const [, whole = '', fraction = '', unit = ''] of (match[2] ?? '').matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const size = UNITS[unit] ?? 0n
    nanos += BigInt(whole || '0') * size
    if (fraction !== '') nanos += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length)
  }
  return duration(match[1] === '-' ? -nanos : nanos)
}

/** In seconds, as CEL's `string(duration)` has it. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos
  const fraction = String(size % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${nanos < 0n ? '-' : ''}${size / SECOND}${fraction === '' ? '' : `.${fraction}`}s`
}
