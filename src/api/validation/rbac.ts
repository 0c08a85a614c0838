import { goForm } from './go-form.ts'
import type { ClusterRole, Role, RoleBinding } from '../generated/rbac-v1.ts'
import { invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems, pathSegmentProblems } from '../meta/names.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { validateLabelSelector } from './label-selector.ts'
import { named } from './object-meta.ts'

const GROUP = 'rbac.authorization.k8s.io'
type PolicyRule = NonNullable<Role['rules']>[number]

export function validateRole({ rules }: Role): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => validateRule(rule, `rules[${i}]`, true))
}

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = (rules ?? []).flatMap((rule, i) => validateRule(rule, `rules[${i}]`, false))
  if (aggregationRule === undefined) return errors
  const selectors = aggregationRule.clusterRoleSelectors ?? []
  if (selectors.length === 0) {
    errors.push(
      required(
        'aggregationRule.clusterRoleSelectors',
        'at least one clusterRoleSelector required if aggregationRule is non-nil',
      ),
    )
  }
  selectors.forEach((selector, i) => {
    const path = `aggregationRule.clusterRoleSelectors[${i}]`
    const malformed = validateLabelSelector(selector, path)
    errors.push(...malformed)
    if (malformed.length > 0) errors.push(invalid(path, null, 'invalid label selector.'))
  })
  return errors
}

function validateRule(rule: PolicyRule, path: string, namespaced: boolean): FieldError[] {
  const { verbs, resources = [], apiGroups = [], nonResourceURLs = [], resourceNames = [] } = rule
  const errors: FieldError[] = []
  if ((verbs ?? []).length === 0) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'))
  if (nonResourceURLs.length > 0) {
    if (namespaced) {
      const detail = 'namespaced rules cannot apply to non-resource URLs'
      errors.push(invalid(`${path}.nonResourceURLs`, nonResourceURLs, detail))
    }
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      const detail = 'rules cannot apply to both regular resources and non-resource URLs'
      errors.push(invalid(`${path}.nonResourceURLs`, nonResourceURLs, detail))
    }
    return errors
  }
  if (apiGroups.length === 0)
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  if (resources.length === 0)
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'))
  return errors
}

export function validateRoleBinding(binding: RoleBinding): FieldError[] {
  const { apiGroup = '', kind, name } = binding.roleRef
  const errors: FieldError[] = []
  if (apiGroup !== GROUP) errors.push(notSupported('roleRef.apiGroup', apiGroup, [GROUP]))
  const kinds = binding.kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole']
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds))
  if (name === '') errors.push(required('roleRef.name'))
  else errors.push(...pathSegmentProblems(name).map((problem) => invalid('roleRef.name', name, problem)))
  ;(binding.subjects ?? []).forEach((subject, i) => {
    errors.push(...validateSubject(subject, `subjects[${i}]`, binding.kind === 'RoleBinding'))
  })
  return errors
}

type Subject = NonNullable<RoleBinding['subjects']>[number]

function validateSubject(subject: Subject, path: string, namespaced: boolean): FieldError[] {
  const { kind, name, namespace = '', apiGroup = '' } = subject
  const errors: FieldError[] = name === '' ? [required(`${path}.name`)] : []
  if (kind === 'ServiceAccount') {
    if (name !== '') errors.push(...named(`${path}.name`, name, dnsSubdomainProblems(name)))
    if (apiGroup !== '') errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']))
    if (!namespaced && namespace === '') errors.push(required(`${path}.namespace`))
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== GROUP) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [GROUP]))
  } else errors.push(notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']))
  return errors
}

export function validateRoleBindingUpdate(binding: RoleBinding, old: RoleBinding): FieldError[] {
  if (semanticallyEqual(binding.roleRef, old.roleRef)) return []
  return [invalid('roleRef', goForm('rbac.RoleRef', binding.roleRef), 'cannot change roleRef')]
}
