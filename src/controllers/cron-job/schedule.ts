import { goDurationMs } from '../go-duration.ts'
import { offsetMs } from './time-zone.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How far ahead a next time is looked for, as in Kubernetes: `31 2` never comes. */
const HORIZON_MS = 5 * 366 * DAY_MS

/** When something is due. Times are instants in milliseconds. */
export interface Schedule {
  /** The first time after `afterMs`, or undefined where there is none within five years. */
  next(afterMs: number): number | undefined
}

/** What a wall clock has to show. Numbers are as cron counts them: months from 1, Sunday is 0. */
interface Pattern {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days: ReadonlySet<number>
  readonly months: ReadonlySet<number>
  readonly weekdays: ReadonlySet<number>
  /** One of days and weekdays was a star: then both have to match, else either is enough. */
  readonly needsBoth: boolean
}

const NAMED: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/**
 * Reads a schedule that validation let pass: five fields, a name, or `@every` with a duration. As in the parser that
 * Kubernetes uses, a time that a clock change skips does not come, and one that it repeats comes twice.
 */
export function parseSchedule(text: string, timeZone = 'UTC'): Schedule {
  if (text.startsWith('@every ')) return every(goDurationMs(text.slice('@every '.length)))
  const fields = (NAMED[text] ?? text).trim().split(/\s+/)
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  const pattern = patternOf(fields)
  return { next: (afterMs) => nextMatch(pattern, timeZone, afterMs) }
}

function every(periodMs: number): Schedule {
  const wholeSeconds = Math.max(1000, Math.trunc(periodMs / 1000) * 1000)
  return { next: (afterMs) => Math.trunc(afterMs / 1000) * 1000 + wholeSeconds }
}

function patternOf([minute, hour, day, month, weekday]: readonly string[]): Pattern {
  const isStar = (field: string | undefined) => field!.split(',').some((part) => /^[*?](\/1)?$/.test(part))
  return {
    minutes: numbersOf(minute!, 0, 59),
    hours: numbersOf(hour!, 0, 23),
    days: numbersOf(day!, 1, 31),
    months: numbersOf(month!, 1, 12, 'jan feb mar apr may jun jul aug sep oct nov dec'),
    weekdays: numbersOf(weekday!, 0, 6, 'sun mon tue wed thu fri sat'),
    needsBoth: isStar(day) || isStar(weekday),
  }
}

function numbersOf(field: string, least: number, most: number, names = ''): Set<number> {
  const known = names.split(' ')
  const numberOf = (text: string) => {
    const index = known.indexOf(text.toLowerCase())
    return index >= 0 && names !== '' ? index + least : Number(text)
  }
  const numbers = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', step] = part.split('/')
    const [from = '', to] = range.split('-')
    const isAll = from === '*' || from === '?'
    const first = isAll ? least : numberOf(from)
    const open = isAll || (to === undefined && step !== undefined)
    const last = open ? most : numberOf(to ?? from)
    for (let n = first; n <= last; n += step === undefined ? 1 : Number(step)) numbers.add(n)
  }
  return numbers
}

/** Goes from field to field of the zone's wall clock, the longest first, always forwards in real time. */
function nextMatch(pattern: Pattern, timeZone: string, afterMs: number): number | undefined {
  const end = afterMs + HORIZON_MS
  let at = Math.floor(afterMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS
  while (at <= end) {
    const wall = at + offsetMs(timeZone, at)
    const date = new Date(wall)
    if (!pattern.months.has(date.getUTCMonth() + 1)) {
      at = instantOf(timeZone, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1), at)
    } else if (!isRightDay(pattern, date)) {
      at = instantOf(timeZone, wall - (wall % DAY_MS) + DAY_MS, at)
    } else if (!pattern.hours.has(date.getUTCHours())) {
      at += HOUR_MS - (wall % HOUR_MS)
    } else if (!pattern.minutes.has(date.getUTCMinutes())) {
      at += MINUTE_MS
    } else return at
  }
  return undefined
}

function isRightDay(pattern: Pattern, date: Date): boolean {
  const day = pattern.days.has(date.getUTCDate())
  const weekday = pattern.weekdays.has(date.getUTCDay())
  return pattern.needsBoth ? day && weekday : day || weekday
}

/** The first instant at or after which the zone's clock shows `wall`, but later than `at`; midnight may be skipped. */
function instantOf(timeZone: string, wall: number, at: number): number {
  const guess = wall - offsetMs(timeZone, wall - offsetMs(timeZone, at))
  const earlier = guess - HOUR_MS
  const isEarlier = earlier + offsetMs(timeZone, earlier) >= wall
  return Math.max(isEarlier ? earlier : guess, at + MINUTE_MS)
}
