import type { PolicyRule } from '../../api/generated/rbac-v1.ts'

/** Those of `wanted`, each broken down to one verb of one thing, that no rule of `held` covers. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(breakDown).filter((one) => !held.some((rule) => covers(rule, one)))
}

function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  return verbs.flatMap((verb) => {
    const paths = nonResourceURLs.map((url) => ({ verbs: [verb], nonResourceURLs: [url] }))
    const things = apiGroups.flatMap((group) =>
      resources.flatMap((resource): PolicyRule[] => {
        const thing = { verbs: [verb], apiGroups: [group], resources: [resource] }
        return resourceNames.length === 0 ? [thing] : resourceNames.map((name) => ({ ...thing, resourceNames: [name] }))
      }),
    )
    return [...things, ...paths]
  })
}

function covers(held: PolicyRule, one: PolicyRule): boolean {
  if (!hasAll(held.verbs, one.verbs)) return false
  if (one.nonResourceURLs !== undefined) return one.nonResourceURLs.every((url) => coversPath(held, url))
  if (!hasAll(held.apiGroups, one.apiGroups) || !coversResource(held, one.resources?.[0] ?? '')) return false
  const names = held.resourceNames ?? []
  if (names.length === 0) return true
  return one.resourceNames !== undefined && one.resourceNames.every((name) => names.includes(name))
}

function hasAll(held: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return held.includes('*') || wanted.every((one) => held.includes(one))
}

function coversResource({ resources = [] }: PolicyRule, resource: string): boolean {
  if (resources.includes('*') || resources.includes(resource)) return true
  const slash = resource.indexOf('/')
  return slash >= 0 && resources.includes(`*/${resource.slice(slash + 1)}`)
}

function coversPath({ nonResourceURLs = [] }: PolicyRule, url: string): boolean {
  return nonResourceURLs.some(
    (held) => held === '*' || held === url || (held.endsWith('*') && url.startsWith(held.slice(0, -1))),
  )
}

/** Puts the verbs of one thing together again, and writes each as Kubernetes does: `{APIGroups:[""], Resources:["pods"], ...}`. */
export function describeRules(rules: readonly PolicyRule[]): readonly string[] {
  const byThing = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const { verbs, ...thing } = rule
    const key = JSON.stringify(thing)
    byThing.set(key, { ...thing, verbs: [...(byThing.get(key)?.verbs ?? []), ...verbs] })
  }
  return [...new Set([...byThing.values()].map(describe))].sort()
}

function describe({ apiGroups, nonResourceURLs, resourceNames, resources, verbs }: PolicyRule): string {
  const parts = { APIGroups: apiGroups, NonResourceURLs: nonResourceURLs, ResourceNames: resourceNames }
  const all = Object.entries({ ...parts, Resources: resources, Verbs: verbs })
  return `{${all.flatMap(([name, values]) => (values?.length ? [`${name}:${quoted(values)}`] : [])).join(', ')}}`
}

/** Go's `%q` of a list of strings. */
export const quoted = (values: readonly string[]): string =>
  `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
