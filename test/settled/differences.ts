import { isDeepStrictEqual } from 'node:util'
import type { Comparison } from './comparable.ts'

type Facts = Readonly<Record<string, unknown>>

/** What of `wanted` is missing in `reached` (`-`) and what is there instead (`+`), object by object and field by field. */
export function differencesOf(wanted: Comparison, reached: Comparison): string[] {
  return [
    ...objectDifferences(wanted.objects as readonly Facts[], reached.objects as readonly Facts[]),
    ...wanted.events.filter((line) => !reached.events.includes(line)).map((line) => `- event ${line}`),
    ...reached.events.filter((line) => !wanted.events.includes(line)).map((line) => `+ event ${line}`),
  ]
}

/** Objects that are alike are paired first, then those of one name with the nearest that is left. */
function objectDifferences(wanted: readonly Facts[], reached: readonly Facts[]): string[] {
  const left = [...reached]
  const unpaired = wanted.filter((one) => {
    const at = left.findIndex((other) => isDeepStrictEqual(one, other))
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
  const lines = unpaired.flatMap((one) => {
    const candidates = left.filter((other) => nameOf(other) === nameOf(one))
    const differing = candidates.map((other) => ({ other, lines: fieldDifferences(one, other, '') }))
    const nearest = differing.sort((a, b) => a.lines.length - b.lines.length)[0]
    if (nearest === undefined) return [`- ${nameOf(one)} ${JSON.stringify(one['status'] ?? one['spec'])}`]
    left.splice(left.indexOf(nearest.other), 1)
    return nearest.lines.map((line) => `${nameOf(one)} ${line}`)
  })
  return [...lines, ...left.map((one) => `+ ${nameOf(one)} ${JSON.stringify(one['status'] ?? one['spec'])}`)]
}

const nameOf = (object: Facts) => `${String(object['kind'])}/${String((object['metadata'] as Facts)['name'])}`

function fieldDifferences(one: unknown, other: unknown, path: string): string[] {
  if (isDeepStrictEqual(one, other)) return []
  if (!isObject(one) || !isObject(other)) return [`${path}: - ${JSON.stringify(one)} + ${JSON.stringify(other)}`]
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...keys].flatMap((key) => fieldDifferences(one[key], other[key], `${path}.${key}`))
}

const isObject = (value: unknown): value is Facts => typeof value === 'object' && value !== null
