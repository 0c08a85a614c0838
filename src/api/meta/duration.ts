/** An age as `kubectl get` shows it: `5s`, `2m10s`, `3h`, `2d4h`, `400d`, `2y35d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(seconds / 60)
  if (minutes < 10) return withRest(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(minutes / 60)
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  return humanDays(hours)
}

function humanDays(hours: number): string {
  const days = Math.trunc(hours / 24)
  if (hours < 192) return withRest(days, 'd', hours % 24, 'h')
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.trunc(days / 365)
  return hours < 24 * 365 * 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`
}

/** The age of a moment (RFC 3339), or `<unknown>` where there is none. */
export function ageOf(time: string | null | undefined, nowMs: number): string {
  const since = time === undefined || time === null ? Number.NaN : Date.parse(time)
  return Number.isNaN(since) ? '<unknown>' : humanDuration(nowMs - since)
}
