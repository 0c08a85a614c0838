import { jsonEqual } from '../../api/meta/equal.ts'

/** An OpenAPI document of version 2, as far as it matters here. */
export interface Swagger {
  readonly paths?: Readonly<Record<string, unknown>>
  readonly definitions?: Readonly<Record<string, unknown>>
}

const PREFIX = '#/definitions/'

/**
 * Adds the paths of `other` that start with `prefix`, and the definitions that they need. A definition that is another one here
 * under the same name gets the name with `_v2`, `_v3` and so on behind it, as Kubernetes' aggregator names it.
 */
export function mergeSwagger(own: Swagger, other: Swagger, prefix: string): Swagger {
  const paths = Object.fromEntries(Object.entries(other.paths ?? {}).filter(([path]) => path.startsWith(prefix)))
  const theirs = other.definitions ?? {}
  const needed = reachable(paths, theirs)
  const definitions = new Map(Object.entries(own.definitions ?? {}))
  const renamed = new Map<string, string>()
  for (const name of needed) {
    const known = definitions.get(name)
    if (known !== undefined && !jsonEqual(known, theirs[name])) renamed.set(name, freeName(name, definitions))
  }
  for (const name of needed) definitions.set(renamed.get(name) ?? name, withNames(theirs[name], renamed))
  return {
    ...own,
    paths: { ...own.paths, ...(withNames(paths, renamed) as object) },
    definitions: Object.fromEntries([...definitions].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function reachable(paths: unknown, definitions: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    for (const name of referencesIn(value)) {
      if (found.has(name) || !Object.hasOwn(definitions, name)) continue
      found.add(name)
      visit(definitions[name])
    }
  }
  visit(paths)
  return found
}

function* referencesIn(value: unknown): Iterable<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, each] of Object.entries(value)) {
    if (key === '$ref' && typeof each === 'string' && each.startsWith(PREFIX)) yield each.slice(PREFIX.length)
    else yield* referencesIn(each)
  }
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let number = 2
  while (taken.has(`${name}_v${number}`)) number++
  return `${name}_v${number}`
}

function withNames(value: unknown, renamed: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null || renamed.size === 0) return value
  if (Array.isArray(value)) return value.map((each) => withNames(each, renamed))
  const entries = Object.entries(value).map(([key, each]) => {
    if (key !== '$ref' || typeof each !== 'string' || !each.startsWith(PREFIX)) return [key, withNames(each, renamed)]
    const name = each.slice(PREFIX.length)
    return [key, PREFIX + (renamed.get(name) ?? name)]
  })
  return Object.fromEntries(entries) as unknown
}
