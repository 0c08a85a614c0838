import { isJsonObject } from '../draft.ts'

/** A JSON value as Go's `%v` writes it: `map[a:1 b:[x y]]`. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`
  if (value === null || value === undefined) return '<nil>'
  if (!isJsonObject(value)) return String(value)
  const entries = Object.keys(value).sort()
  return `map[${entries.map((key) => `${key}:${goText(value[key])}`).join(' ')}]`
}
