import type { NamedRuleWithOperations } from '../../../api/generated/admissionregistration-v1.ts'
import type { LabelSelector as LabelSelectorObject } from '../../../api/generated/meta-v1.ts'
import { fromLabelSelector, matchesLabels } from '../../../api/meta/label-selector.ts'
import { apiError } from '../../../api/meta/status.ts'
import type { KubeObject } from '../../../api/object.ts'
import type { Catalog, ServedResource } from '../../verbs/served-resource.ts'
import type { AdmissionRequest } from '../admission.ts'

/** What a webhook or policy says it is about. */
export interface Constraints {
  readonly rules: readonly NamedRuleWithOperations[]
  readonly excluded?: readonly NamedRuleWithOperations[]
  readonly matchPolicy: string | undefined
  readonly namespaceSelector: LabelSelectorObject | undefined
  readonly objectSelector: LabelSelectorObject | undefined
}

/**
 * The version in which the request is of concern: its own or, unless only exact ones count, another that is served of the
 * same objects. Undefined where it is of no concern.
 */
export function concernedVersion(
  catalog: Catalog,
  request: AdmissionRequest,
  constraints: Constraints,
): ServedResource | undefined {
  const { rules, excluded = [] } = constraints
  if (!namespaceMatches(request, constraints.namespaceSelector)) return undefined
  if (!objectMatches(request, constraints.objectSelector)) return undefined
  const forms = constraints.matchPolicy === 'Exact' ? [request.resource] : formsOf(catalog, request.resource)
  if (forms.some((form) => excluded.some((rule) => ruleMatches(rule, request, form)))) return undefined
  const [own, ...others] = forms
  if (own !== undefined && rules.some((rule) => ruleMatches(rule, request, own))) return own
  // Of other versions the one that an earlier rule names comes first.
  for (const rule of rules) {
    const found = others.find((form) => ruleMatches(rule, request, form))
    if (found !== undefined) return found
  }
  return undefined
}

function formsOf(catalog: Catalog, resource: ServedResource): readonly ServedResource[] {
  const others: ServedResource[] = []
  for (const one of catalog.all()) if (one.storage === resource.storage && one !== resource) others.push(one)
  return [resource, ...others]
}

function ruleMatches(rule: NamedRuleWithOperations, request: AdmissionRequest, form: ServedResource): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], resourceNames = [], scope = '*' } = rule
  const { group, version, namespaced } = form.type
  if (scope !== '*' && (scope === 'Namespaced') !== namespaced) return false
  if (resourceNames.length > 0 && !resourceNames.includes(request.name)) return false
  return (
    includes(operations, request.operation) &&
    includes(apiGroups, group) &&
    includes(apiVersions, version) &&
    resources.some((one) => resourceMatches(one, form.type.plural, request.subresource))
  )
}

const includes = (wanted: readonly string[], value: string): boolean => wanted.includes('*') || wanted.includes(value)

function resourceMatches(wanted: string, plural: string, subresource: string | undefined): boolean {
  if (wanted === '*/*') return true
  const [resource = '', part] = wanted.split('/')
  if (resource !== '*' && resource !== plural) return false
  return part === '*' || part === subresource
}

/** Of a Namespace its own labels count; what lies in none always matches. */
function namespaceMatches(request: AdmissionRequest, selector: LabelSelectorObject | undefined): boolean {
  const requirements = fromLabelSelector(selector)
  if (requirements === undefined || requirements.length === 0) return true
  const { resource, namespace, head, object } = request
  if (resource.storage === 'namespaces') return matchesLabels(requirements, object.metadata.labels)
  if (namespace === undefined) return true
  const found = head.get('namespaces', namespace)
  if (found === undefined) {
    throw apiError('NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' })
  }
  return matchesLabels(requirements, found.object.metadata.labels)
}

/** What has no metadata, as the options of a connection, matches nothing. */
const hasLabels = (object: Partial<KubeObject>) => object.metadata !== undefined

function objectMatches({ object, old }: AdmissionRequest, selector: LabelSelectorObject | undefined): boolean {
  const requirements = fromLabelSelector(selector)
  if (requirements === undefined || requirements.length === 0) return true
  const matches = (one: KubeObject | undefined) =>
    one !== undefined && hasLabels(one) && matchesLabels(requirements, one.metadata.labels)
  return matches(object as KubeObject) || matches(old)
}
