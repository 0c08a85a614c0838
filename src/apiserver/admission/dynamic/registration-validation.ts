import type { FieldError } from '../../../api/meta/field-error.ts'
import { duplicate, invalid, notSupported, required, tooMany } from '../../../api/meta/field-error.ts'
import { dnsSubdomainProblems, labelKeyProblems } from '../../../api/meta/names.ts'
import { named } from '../../../api/validation/object-meta.ts'
import type { KubeObject } from '../../../api/object.ts'
import { formatType } from '../../../expression/cel/cel-type.ts'
import type { CelType } from '../../../expression/cel/cel-type.ts'
import { ADMISSION_VARIABLES, NAMESPACE_VARIABLE, PARAMS_VARIABLE } from '../../../expression/cel/admission-types.ts'
import { programOf } from './admission-expressions.ts'
import type { Webhook } from './webhook.ts'
import { validateMatchResources, validateParamKind, validateParamRef, validateRule } from './match-resources.ts'
import { FAILURE_POLICIES, validateWebhook } from './webhook-validation.ts'
import { BINDINGS, MUTATING, POLICIES, VALIDATING } from './registrations.ts'
import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/generated/admissionregistration-v1.ts'

/** What is wrong with a webhook configuration, a policy or a binding, in Kubernetes' words. */
export function validateRegistration(storage: string, object: KubeObject): readonly FieldError[] {
  const errors: FieldError[] = []
  if (storage === POLICIES) checkPolicy(object as ValidatingAdmissionPolicy, errors)
  if (storage === BINDINGS) checkBinding(object as ValidatingAdmissionPolicyBinding, errors)
  if (storage === MUTATING || storage === VALIDATING) {
    const { webhooks = [] } = object as KubeObject & { readonly webhooks?: readonly Webhook[] }
    const names = new Set<string>()
    webhooks.forEach((webhook, i) => {
      errors.push(...validateWebhook(webhook, `webhooks[${i}]`))
      webhook.rules?.forEach((rule, j) => errors.push(...validateRule(rule, `webhooks[${i}].rules[${j}]`)))
      checkConditions(webhook.matchConditions ?? [], ADMISSION_VARIABLES, `webhooks[${i}].matchConditions`, errors)
      if (names.has(webhook.name)) errors.push(duplicate(`webhooks[${i}].name`, webhook.name))
      names.add(webhook.name)
    })
  }
  return errors
}

function oneOf(field: string, value: string | undefined, supported: readonly string[], errors: FieldError[]): void {
  if (value !== undefined && !supported.includes(value)) errors.push(notSupported(field, value, supported))
}

/** Words of CEL's own. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

const MAX_CONDITIONS = 64

interface Condition {
  readonly name: string
  readonly expression: string
}

function checkConditions(
  conditions: readonly Condition[],
  variables: ReadonlyMap<string, CelType>,
  at: string,
  errors: FieldError[],
): void {
  if (conditions.length > MAX_CONDITIONS) errors.push(tooMany(at, conditions.length, MAX_CONDITIONS))
  const names = new Set<string>()
  conditions.forEach(({ name, expression }, i) => {
    if (expression === '') errors.push(required(`${at}[${i}].expression`))
    else checkExpression(expression, variables, 'bool', `${at}[${i}].expression`, errors)
    if (name === '') errors.push(required(`${at}[${i}].name`))
    else if (labelKeyProblems(name).length > 0) errors.push(...named(`${at}[${i}].name`, name, labelKeyProblems(name)))
    else if (names.has(name)) errors.push(duplicate(`${at}[${i}].name`, name))
    names.add(name)
  })
}

function checkExpression(
  expression: string,
  variables: ReadonlyMap<string, CelType>,
  type: 'bool' | 'string' | 'any',
  field: string,
  errors: FieldError[],
): CelType | undefined {
  const program = programOf(expression, variables, field)
  if (program instanceof Error) {
    errors.push(invalid(field, expression, `compilation failed: ${program.message}`))
    return undefined
  }
  const { type: found } = program
  // What could be anything is not enough.
  if (type !== 'any' && formatType(found) !== type)
    errors.push(invalid(field, expression, `must evaluate to ${type} but got ${formatType(found)}`))
  return found
}

function checkPolicy({ spec = {}, metadata }: ValidatingAdmissionPolicy, errors: FieldError[]): void {
  oneOf('spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES, errors)
  if (spec.paramKind !== undefined) errors.push(...validateParamKind(spec.paramKind, 'spec.paramKind'))
  if (spec.matchConstraints === undefined) errors.push(required('spec.matchConstraints'))
  else {
    errors.push(...validateMatchResources(spec.matchConstraints, 'spec.matchConstraints'))
    if ((spec.matchConstraints.resourceRules ?? []).length === 0) {
      errors.push(required('spec.matchConstraints.resourceRules'))
    }
  }
  const { validations = [], auditAnnotations = [] } = spec
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const detail = 'validations or auditAnnotations must contain at least one item'
    errors.push(required('spec.validations', detail), required('spec.auditAnnotations', detail))
  }
  checkPolicyExpressions(spec, metadata.name ?? '', errors)
}

type PolicySpec = NonNullable<ValidatingAdmissionPolicy['spec']>

function checkPolicyExpressions(spec: PolicySpec, name: string, errors: FieldError[]): void {
  const base = new Map([...ADMISSION_VARIABLES, NAMESPACE_VARIABLE])
  if (spec.paramKind !== undefined) base.set(...PARAMS_VARIABLE)
  checkConditions(spec.matchConditions ?? [], base, 'spec.matchConditions', errors)
  const fields = new Map<string, { readonly json: string; readonly type: CelType }>()
  const all = new Map(base).set('variables', { kind: 'object', name: 'kubernetes.variables', fields })
  spec.variables?.forEach((variable, i) => {
    const at = `spec.variables[${i}]`
    if (variable.name.trim() === '') errors.push(required(`${at}.name`, 'name is not specified'))
    else if (!/^[_a-zA-Z]\w*$/.test(variable.name) || RESERVED.has(variable.name))
      errors.push(invalid(`${at}.name`, variable.name, 'must be a valid CEL identifier'))
    const { expression } = variable
    if (expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'))
    const type =
      expression.trim() === ''
        ? undefined
        : checkExpression(expression, fresh(all, fields), 'any', `${at}.expression`, errors)
    fields.set(variable.name, { json: variable.name, type: type ?? { kind: 'simple', name: 'dyn' } })
  })
  const scope = fresh(all, fields)
  spec.validations?.forEach((validation, i) => checkValidation(validation, scope, `spec.validations[${i}]`, errors))
  const { auditAnnotations = [] } = spec
  auditAnnotations.forEach(({ key, valueExpression }, i) => {
    const at = `spec.auditAnnotations[${i}]`
    const whole = `${name}/${key}`
    if (name === '') errors.push(invalid(`${at}.key`, key, 'requires metadata.name be non-empty'))
    else errors.push(...named(`${at}.key`, whole, labelKeyProblems(whole)))
    if (valueExpression.trim() === '') {
      errors.push(required(`${at}.valueExpression`, 'valueExpression is not specified'))
    } else {
      const type = checkExpression(valueExpression, scope, 'any', `${at}.valueExpression`, errors)
      if (type !== undefined && !ANNOTATIONS.includes(formatType(type))) {
        const detail = `must evaluate to one of [string null_type] but got ${formatType(type)}`
        errors.push(invalid(`${at}.valueExpression`, valueExpression, detail))
      }
    }
    if (auditAnnotations.findIndex((one) => one.key === key) < i) errors.push(duplicate(`${at}.key`, key))
  })
}

/** Compiled programs are kept by the names that they may use, so what those are must show in them. */
function fresh(
  all: ReadonlyMap<string, CelType>,
  fields: ReadonlyMap<string, { readonly json: string; readonly type: CelType }>,
): ReadonlyMap<string, CelType> {
  const name = `kubernetes.variables ${JSON.stringify([...fields])}`
  return new Map(all).set('variables', { kind: 'object', name, fields: new Map(fields) }).set(` ${name}`, NOTHING)
}

const NOTHING: CelType = { kind: 'simple', name: 'null_type' }
const ANNOTATIONS = ['string', 'null']
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']

type Validation = NonNullable<PolicySpec['validations']>[number]

function checkValidation(
  validation: Validation,
  scope: ReadonlyMap<string, CelType>,
  at: string,
  errors: FieldError[],
) {
  const { expression, message, messageExpression, reason } = validation
  if (expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'))
  else checkExpression(expression, scope, 'bool', `${at}.expression`, errors)
  if (messageExpression !== undefined && messageExpression.trim() === '' && messageExpression !== '') {
    errors.push(invalid(`${at}.messageExpression`, messageExpression, 'must be non-empty if specified'))
  } else if (messageExpression) {
    checkExpression(messageExpression, scope, 'string', `${at}.messageExpression`, errors)
  }
  if (message !== undefined && message !== '' && message.trim() === '') {
    errors.push(invalid(`${at}.message`, message, 'must be non-empty if specified'))
  } else if (message?.trim().includes('\n')) {
    errors.push(invalid(`${at}.message`, message, 'must not contain line breaks'))
  }
  oneOf(`${at}.reason`, reason, REASONS, errors)
}

function checkBinding({ spec = {} }: ValidatingAdmissionPolicyBinding, errors: FieldError[]): void {
  const { policyName = '', paramRef, matchResources, validationActions = [] } = spec
  if (policyName === '') errors.push(required('spec.policyName'))
  else errors.push(...named('spec.policyName', policyName, dnsSubdomainProblems(policyName)))
  if (paramRef !== undefined) errors.push(...validateParamRef(paramRef, 'spec.paramRef'))
  if (matchResources !== undefined) errors.push(...validateMatchResources(matchResources, 'spec.matchResources'))
  const at = 'spec.validationActions'
  if (validationActions.length === 0) errors.push(required(at, 'at least one validation action is required'))
  validationActions.forEach((one, i) => {
    oneOf(`${at}[${i}]`, one, ['Audit', 'Deny', 'Warn'], errors)
    if (validationActions.indexOf(one) < i) errors.push(duplicate(`${at}[${i}]`, one))
  })
  if (validationActions.includes('Deny') && validationActions.includes('Warn')) {
    const detail =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'
    errors.push(invalid(at, validationActions, detail))
  }
}
