/** Formatters are dear to make: one for each zone that was asked for, at most this many. */
const MOST_ZONES = 200
const formatters = new Map<string, Intl.DateTimeFormat>()

/** By how much the wall clock of a zone is ahead of UTC at an instant, in milliseconds. Throws a RangeError for no zone. */
export function offsetMs(timeZone: string, atMs: number): number {
  if (timeZone === 'UTC') return 0
  const parts = formatterOf(timeZone).formatToParts(atMs)
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value)
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return wall - Math.floor(atMs / 1000) * 1000
}

/** An instant as the zone writes it: `2026-03-01T12:00:00+01:00`, in UTC with a `Z`. */
export function formatInZone(timeZone: string, atMs: number): string {
  const offset = offsetMs(timeZone, atMs) / 60_000
  const text = new Date(atMs + offset * 60_000).toISOString().slice(0, 19)
  if (offset === 0) return `${text}Z`
  const two = (n: number) => String(Math.trunc(n)).padStart(2, '0')
  return `${text}${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const numeric = 'numeric'
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  })
  if (formatters.size >= MOST_ZONES) formatters.clear()
  formatters.set(timeZone, formatter)
  return formatter
}
