import type {
  MatchResources,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
} from '../../../api/generated/admissionregistration-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../../../api/meta/field-error.ts'
import type { FieldError } from '../../../api/meta/field-error.ts'
import { dns1035LabelProblems, dnsSubdomainProblems, pathSegmentProblems } from '../../../api/meta/names.ts'
import { validateLabelSelector } from '../../../api/validation/label-selector.ts'
import { named } from '../../../api/validation/object-meta.ts'
import { MATCH_POLICIES } from './webhook-validation.ts'

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const SCOPES = ['*', 'Cluster', 'Namespaced']

/** What a policy or its binding is about. */
export function validateMatchResources(match: MatchResources, at: string): FieldError[] {
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = match
  const errors: FieldError[] = []
  if (matchPolicy !== undefined && !MATCH_POLICIES.includes(matchPolicy)) {
    errors.push(notSupported(`${at}.matchPolicy`, matchPolicy, MATCH_POLICIES))
  }
  errors.push(...validateLabelSelector(namespaceSelector, `${at}.namespaceSelector`))
  errors.push(...validateLabelSelector(objectSelector, `${at}.objectSelector`))
  errors.push(...resourceRules.flatMap((rule, i) => validateNamedRule(rule, `${at}.resourceRules[${i}]`)))
  return [
    ...errors,
    ...excludeResourceRules.flatMap((rule, i) => validateNamedRule(rule, `${at}.excludeResourceRules[${i}]`)),
  ]
}

function validateNamedRule(rule: NamedRuleWithOperations, at: string): FieldError[] {
  const names = rule.resourceNames ?? []
  const errors = names.flatMap((name, i) => {
    const path = `${at}.resourceNames[${i}]`
    const repeated = names.indexOf(name) < i ? [duplicate(path, name)] : []
    return [...named(path, name, pathSegmentProblems(name)), ...repeated]
  })
  return [...errors, ...validateRule(rule, at)]
}

/** Which requests a webhook or a policy is asked about. */
export function validateRule(rule: NamedRuleWithOperations, at: string): FieldError[] {
  const { operations = [], apiVersions = [], scope } = rule
  const errors = validateList(operations, `${at}.operations`, 'operations')
  operations.forEach((one, i) => {
    if (!OPERATIONS.includes(one)) errors.push(notSupported(`${at}.operations[${i}]`, one, OPERATIONS))
  })
  errors.push(...validateList(rule.apiGroups ?? [], `${at}.apiGroups`, 'API groups'))
  errors.push(...validateList(apiVersions, `${at}.apiVersions`, 'API versions'))
  apiVersions.forEach((version, i) => {
    if (version === '') errors.push(required(`${at}.apiVersions[${i}]`))
  })
  errors.push(...validateResourceNames(rule.resources ?? [], `${at}.resources`))
  if (scope !== undefined && !SCOPES.includes(scope)) errors.push(notSupported(`${at}.scope`, scope, SCOPES))
  return errors
}

function validateList(values: readonly string[], path: string, what: string): FieldError[] {
  if (values.length === 0) return [required(path)]
  if (values.length === 1 || !values.includes('*')) return []
  return [invalid(path, values, `if '*' is present, must not specify other ${what}`)]
}

/** Resources and parts of them, such as `pods`, `pods/log`, `pods/*`, and those of all. */
function validateResourceNames(resources: readonly string[], path: string): FieldError[] {
  const errors = resources.length === 0 ? [required(path)] : []
  const [wholes, parts] = [new Set<string>(), new Set<string>()]
  let endsPlain = false
  resources.forEach((name, i) => {
    const at = `${path}[${i}]`
    if (name === '') return void errors.push(required(at))
    const slash = name.indexOf('/')
    if (slash < 0) {
      endsPlain = name !== '*'
      return
    }
    const [resource, part] = [name.slice(0, slash), name.slice(slash + 1)]
    const refuse = (other: string) =>
      errors.push(invalid(at, name, `if '${other}' is present, must not specify ${name}`))
    if (wholes.has(resource)) refuse(`${resource}/*`)
    if (parts.has(part)) refuse(`*/${part}`)
    if (part === '*') wholes.add(resource)
    if (resource === '*') parts.add(part)
  })
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  }
  if (resources.includes('*') && endsPlain) {
    const detail = "if '*' is present, must not specify other resources without subresources"
    errors.push(invalid(path, resources, detail))
  }
  return errors
}

export function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, at: string): FieldError[] {
  const errors = validateParamVersion(apiVersion, `${at}.apiVersion`)
  const path = `${at}.kind`
  const problems = dns1035LabelProblems(kind.toLowerCase())
  if (kind === '') errors.push(required(path))
  else if (problems.length > 0) {
    const detail = `may have mixed case, but should otherwise match: ${problems.join(',')}`
    errors.push(invalid(path, kind, detail))
  }
  return errors
}

function validateParamVersion(apiVersion: string, path: string): FieldError[] {
  if (apiVersion === '') return [required(path)]
  const parts = apiVersion.split('/')
  if (parts.length > 2) return [invalid(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`)]
  const [group, version] = parts.length === 1 ? ['', apiVersion] : (parts as [string, string])
  const errors: FieldError[] = []
  const ofGroup = group === '' ? [] : dnsSubdomainProblems(group)
  if (ofGroup.length > 0) errors.push(invalid(path, group, ofGroup.join(',')))
  if (version === '') return [...errors, invalid(path, apiVersion, 'version must be specified')]
  const ofVersion = dns1035LabelProblems(version)
  return ofVersion.length === 0 ? errors : [...errors, invalid(path, version, ofVersion.join(','))]
}

const EXCLUSIVE = 'name and selector are mutually exclusive'

export function validateParamRef({ name = '', selector, parameterNotFoundAction }: ParamRef, at: string): FieldError[] {
  const errors = name === '' ? [] : named(`${at}.name`, name, pathSegmentProblems(name))
  const isBoth = name !== '' && selector !== undefined
  if (isBoth) errors.push(forbidden(`${at}.name`, EXCLUSIVE))
  errors.push(...validateLabelSelector(selector, `${at}.selector`))
  if (isBoth) errors.push(forbidden(`${at}.selector`, EXCLUSIVE))
  if (name === '' && selector === undefined) {
    errors.push(required(at, 'one of name or selector must be specified'))
  }
  const path = `${at}.parameterNotFoundAction`
  if (!parameterNotFoundAction) return [...errors, required(path)]
  const actions = ['Deny', 'Allow']
  return actions.includes(parameterNotFoundAction)
    ? errors
    : [...errors, notSupported(path, parameterNotFoundAction, actions)]
}
