import type { PolicyRule } from '../../api/generated/rbac-v1.ts'
import type { Attributes, NonResourceAttributes, ResourceAttributes } from '../verbs/authorizer.ts'

/** Whether a rule of a Role or ClusterRole allows a request, by Kubernetes' rules. */
export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  return 'path' in attributes ? allowsPath(rule, attributes) : allowsResource(rule, attributes)
}

function allowsResource(rule: PolicyRule, { verb, group, resource, subresource, name }: ResourceAttributes): boolean {
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, group) &&
    resourceMatches(rule.resources ?? [], resource, subresource) &&
    (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(name ?? ''))
  )
}

const has = (values: readonly string[] | undefined, value: string): boolean =>
  values !== undefined && (values.includes('*') || values.includes(value))

/** A rule names a resource, one of its subresources behind a slash, `*` for all, or a subresource of every resource. */
function resourceMatches(resources: readonly string[], resource: string, subresource: string | undefined): boolean {
  const combined = subresource === undefined ? resource : `${resource}/${subresource}`
  if (resources.includes('*') || resources.includes(combined)) return true
  return subresource !== undefined && resources.includes(`*/${subresource}`)
}

function allowsPath(rule: PolicyRule, { verb, path }: NonResourceAttributes): boolean {
  return has(rule.verbs, verb) && (rule.nonResourceURLs ?? []).some((url) => pathMatches(url, path))
}

function pathMatches(url: string, path: string): boolean {
  return url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))
}
