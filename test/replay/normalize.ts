/** What may rightly differ from server to server and from run to run, and what stands for it. */
const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/\b(10|127)\.(9[6-9]|10\d|11[01])\.\d+\.\d+/g, '<cluster-ip>'],
  [/(kube-api-access-)[bcdfghjklmnpqrstvwxz2456789]{5}/g, '$1<random>'],
  [/(, current: )\d+/g, '$1<rv>'],
  [/(the ResourceVersion in record \()\d+/g, '$1<rv>'],
  [/(X509SHA256=)[0-9a-f]{64}/g, '$1<hash>'],
  [/(\b\d{2,5}:)3\d{4}(\/TCP)/g, '$1<node-port>$2'],
  [/(gen-)[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '$1<random>'],
]

export type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A received value in the form in which the recordings keep theirs. */
export function normalize(value: unknown, namespace: string, key = ''): unknown {
  if (typeof value === 'string') return normalizeText(value, namespace, key)
  if (typeof value === 'number' && key === 'nodePort') return '<node-port>'
  if (Array.isArray(value)) return value.map((item) => normalize(item, namespace))
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([name]) => name !== 'storageVersionHash')
  const entries = kept.map(([name, part]) => [normalize(name, namespace), normalize(part, namespace, name)] as const)
  return Object.fromEntries(entries)
}

function normalizeText(value: string, namespace: string, key: string): string {
  if (key === 'resourceVersion' && /^\d+$/.test(value)) return value === '0' ? '0' : '<rv>'
  if (key === 'continue') return value === '' ? '' : '<continue>'
  if (key === 'ca' || key === 'token') return '<secret>'
  const general = value.replaceAll(namespace, '{{ns}}')
  return PLACEHOLDERS.reduce((text, [pattern, placeholder]) => text.replaceAll(pattern, placeholder), general)
}

/**
 * A recorded or received value without what hangs on the second of the clock (ages, the order of managed fields), or on the
 * order in which Go walks maps.
 */
export function comparable(value: unknown, key = ''): unknown {
  if (key === 'message' && typeof value === 'string') return sortedFaults(value)
  if (Array.isArray(value)) {
    if (key === 'cells') return value.map((cell) => (/^\d+s$/.test(String(cell)) ? '0s' : cell))
    const items = value.map((item) => comparable(item))
    if (!ANY_ORDER.has(key)) return items
    return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  if (!isObject(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, comparable(value[name], name)]))
}

/** Lists whose order hangs on how Go walks maps. */
const ANY_ORDER = new Set(['managedFields', 'causes', 'resourceRules', 'nonResourceRules'])

/** Faults of several keys of a map are told in any order. */
function sortedFaults(message: string): string {
  const [, head, list] = /^(.*?is invalid: )\[(.*)\]$/s.exec(message) ?? []
  return head === undefined || list === undefined ? message : head + list.split(', ').toSorted().join(', ')
}

/** Where two values differ, one line for each place. */
export function differences(want: unknown, got: unknown, path = ''): readonly string[] {
  if (Array.isArray(want) && Array.isArray(got)) {
    const length = want.length === got.length ? [] : [`${path}: ${want.length} items recorded, ${got.length} received`]
    const shared = Math.min(want.length, got.length)
    return [...length, ...want.slice(0, shared).flatMap((item, i) => differences(item, got[i], `${path}[${i}]`))]
  }
  if (isObject(want) && isObject(got)) {
    const keys = new Set([...Object.keys(want), ...Object.keys(got)])
    return [...keys].flatMap((key) => {
      if (!(key in got)) return [`${path}.${key}: missing, recorded ${short(want[key])}`]
      if (!(key in want)) return [`${path}.${key}: unexpected ${short(got[key])}`]
      return differences(want[key], got[key], `${path}.${key}`)
    })
  }
  return want === got ? [] : [`${path}: recorded ${short(want)}, received ${short(got)}`]
}

const short = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 600)
