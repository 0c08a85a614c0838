import type {
  Validation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/generated/admissionregistration-v1.ts'
import { ApiError, STATUS_CODES } from '../../../api/meta/status.ts'
import type { CelType } from '../../../expression/cel/cel-type.ts'
import type { Budget } from '../../../expression/cel/environment.ts'
import type { Value } from '../../../expression/cel/values.ts'
import { expressions, loadExpressions } from '../../custom/expression-engine.ts'
import { forbidden } from '../../verbs/failure.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import type { AdmissionRequest } from '../admission.ts'
import { ADMISSION_VARIABLES, NAMESPACE_VARIABLE, PARAMS_VARIABLE } from '../../../expression/cel/admission-types.ts'
import { admissionValues, conditionsHold, programOf } from './admission-expressions.ts'
import type { DynamicContext } from './registrations.ts'
import { BINDINGS, POLICIES } from './registrations.ts'
import { auditNoteOf, createPolicyNotes } from './policy-notes.ts'
import type { AuditNote, PolicyNotes } from './policy-notes.ts'
import { paramsOf } from './policy-params.ts'
import { concernedVersion } from './rule-match.ts'

/** Kubernetes' limit on what one binding may cost. */
const BINDING_BUDGET = 10_000_000

const NO_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run'

type Policy = ValidatingAdmissionPolicy
type Binding = ValidatingAdmissionPolicyBinding

/** Why a policy says no. */
interface Denial {
  readonly message: string
  readonly reason?: string
  /** Which of the validations says so; the first where it is none of them. */
  readonly index?: number
}

/** What the expressions of a policy say of one parameter. */
interface Verdict {
  readonly denials: readonly Denial[]
  readonly notes: readonly AuditNote[]
}

/** Holds a request against all policies that are bound to it. */
export async function validateByPolicies(context: DynamicContext, request: AdmissionRequest): Promise<void> {
  await loadExpressions()
  const bindings = [...request.head.list(BINDINGS)].map(({ object }) => object as Binding)
  let refusal: ApiError | undefined
  for (const { object } of request.head.list(POLICIES)) {
    const policy = object as Policy
    const form = concernedVersion(context.catalog, request, constraintsOf(policy.spec?.matchConstraints))
    if (form === undefined) continue
    const notes = createPolicyNotes(policy.metadata.name ?? '')
    for (const binding of bindings.filter(({ spec }) => spec?.policyName === policy.metadata.name)) {
      const found = hold(context, request, policy, binding, form, notes)
      refusal ??= found
    }
    notes.publish(request)
  }
  if (refusal !== undefined) throw refusal
}

type Resources = NonNullable<ValidatingAdmissionPolicy['spec']>['matchConstraints']

/** A binding that names no resources is about all of its policy's. */
function constraintsOf(match: Resources, all = false) {
  const any = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], scope: '*' }]
  const rules = match?.resourceRules ?? []
  return {
    rules: all && rules.length === 0 ? any : rules,
    excluded: match?.excludeResourceRules ?? [],
    matchPolicy: match?.matchPolicy,
    namespaceSelector: match?.namespaceSelector,
    objectSelector: match?.objectSelector,
  }
}

function hold(
  context: DynamicContext,
  request: AdmissionRequest,
  policy: Policy,
  binding: Binding,
  form: ServedResource,
  notes: PolicyNotes,
): ApiError | undefined {
  if (concernedVersion(context.catalog, request, constraintsOf(binding.spec?.matchResources, true)) === undefined) {
    return undefined
  }
  const params = paramsOf(context, request, policy, binding)
  if (typeof params === 'string') {
    if (policy.spec?.failurePolicy === 'Ignore') return undefined
    return denied(request, policy, binding, { message: `failed to configure binding: ${params}` })
  }
  const budget: Budget = { remaining: BINDING_BUDGET }
  const verdicts = params.map((param) => evaluate(context, request, policy, form, param, budget))
  const denials = verdicts.flatMap((verdict) => verdict.denials)
  const failed = verdicts.flatMap((verdict) => notes.add(verdict.notes))
  const actions = binding.spec?.validationActions ?? []
  if (actions.includes('Audit')) for (const one of denials) notes.failure(request, binding, one.index ?? 0, one.message)
  const names = `'${policy.metadata.name ?? ''}' with binding '${binding.metadata.name ?? ''}'`
  if (actions.includes('Warn')) {
    for (const { message } of denials) {
      request.warn(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`)
    }
  }
  const [first] = actions.includes('Deny') ? denials : []
  const [failure] = failed
  if (first !== undefined) return denied(request, policy, binding, first)
  return failure === undefined ? undefined : denied(request, policy, binding, { message: failure })
}

function denied(request: AdmissionRequest, policy: Policy, binding: Binding, denial: Denial): ApiError {
  const names = `'${policy.metadata.name ?? ''}' with binding '${binding.metadata.name ?? ''}'`
  const message = `ValidatingAdmissionPolicy ${names} denied request: ${denial.message}`
  const { status } = forbidden(request.resource.type, request.name, message)
  const reason = denial.reason ?? 'Invalid'
  const code = Object.hasOwn(STATUS_CODES, reason) ? STATUS_CODES[reason as keyof typeof STATUS_CODES] : 422
  const details = { ...status.details, causes: [...(status.details?.causes ?? []), { message }] }
  return new ApiError({ ...status, reason, code, details })
}

/** What one parameter's expressions say; nothing where all hold or the match conditions do not. */
function evaluate(
  context: DynamicContext,
  request: AdmissionRequest,
  policy: Policy,
  form: ServedResource,
  param: unknown,
  budget: Budget,
): Verdict {
  const { matchConditions = [], validations = [], auditAnnotations = [], failurePolicy } = policy.spec ?? {}
  const shared = admissionValues(context, request, form)
  const params = expressions().fromJson(param)
  const own = (name: string): Value | undefined => (name === 'params' ? params : shared(name))
  const base = variablesOf(policy)
  const failed = (message: string): readonly Denial[] => (failurePolicy === 'Ignore' ? [] : [{ message }])
  const holds = conditionsHold(matchConditions, own, base)
  if (holds === false) return { denials: [], notes: [] }
  if (typeof holds === 'string') return { denials: failed(holds), notes: [] }
  const { types, values } = withVariables(policy, base, own, budget)
  const key = `${policy.metadata.uid ?? ''}/${policy.metadata.generation ?? 0}`
  const denials: Denial[] = []
  for (const [index, validation] of validations.entries()) {
    const found = judge(validation, types, values, budget, key, failed)
    // Nothing else counts then, by Kubernetes' rule.
    if (budget.remaining < 0) return { denials: failed(NO_BUDGET), notes: [] }
    denials.push(...found.map((denial) => ({ ...denial, index })))
  }
  const programs = auditAnnotations.map((one) => ({ ...one, program: programOf(one.valueExpression, types, key) }))
  const notes = programs.map((one) => auditNoteOf(one, (program) => program.evaluate(values, budget)))
  return { denials, notes: failurePolicy === 'Ignore' ? notes.filter((note) => !('error' in note)) : notes }
}

function variablesOf({ spec }: Policy): ReadonlyMap<string, CelType> {
  const variables = new Map([...ADMISSION_VARIABLES, NAMESPACE_VARIABLE])
  return spec?.paramKind === undefined ? variables : variables.set(...PARAMS_VARIABLE)
}

interface Scope {
  readonly types: ReadonlyMap<string, CelType>
  readonly values: (name: string) => Value | undefined
}

/** The policy's own variables, each evaluated when it is first asked for; it may name those before it. */
function withVariables(
  { spec, metadata }: Policy,
  base: ReadonlyMap<string, CelType>,
  own: (name: string) => Value | undefined,
  budget: Budget,
): Scope {
  const fields = new Map<string, { readonly json: string; readonly type: CelType }>()
  const types = new Map(base).set('variables', { kind: 'object', name: 'kubernetes.variables', fields })
  const made = new Map<string, Value>()
  const values = (name: string): Value | undefined => (name === 'variables' ? holder : own(name))
  const key = `${metadata.uid ?? ''}/${metadata.generation ?? 0}/variables`
  const programs = new Map(
    (spec?.variables ?? []).map(({ name, expression }) => {
      const program = programOf(expression, types, `${key}/${name}`)
      fields.set(name, { json: name, type: program instanceof Error ? DYN : program.type })
      return [name, program] as const
    }),
  )
  const holder = {
    kind: 'map',
    typeName: 'kubernetes.variables',
    size: programs.size,
    keys: () => [...programs.keys()],
    get(name: Value): Value | undefined {
      const program = programs.get(String(name))
      if (program === undefined) return undefined
      const { EvaluationError } = expressions().values
      if (program instanceof Error)
        throw new EvaluationError(`composited variable "${String(name)}" fails to compile: ${program.message}`)
      let value = made.get(String(name))
      if (value !== undefined) return value
      try {
        made.set(String(name), (value = program.evaluate(values, budget)))
        return value
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error
        throw new EvaluationError(`composited variable "${String(name)}" fails to evaluate: ${error.message}`)
      }
    },
  } as const
  return { types, values }
}

const DYN: CelType = { kind: 'simple', name: 'dyn' }

function judge(
  validation: Validation,
  types: ReadonlyMap<string, CelType>,
  values: (name: string) => Value | undefined,
  budget: Budget,
  key: string,
  failed: (message: string) => readonly Denial[],
): readonly Denial[] {
  const { expression } = validation
  const program = programOf(expression, types, key)
  if (program instanceof Error) return failed(`compilation error: compilation failed: ${program.message}`)
  const { EvaluationError } = expressions().values
  try {
    if (program.evaluate(values, budget) === true) return []
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    return failed(`expression '${expression}' resulted in error: ${error.message}`)
  }
  return [{ message: spoken(validation, types, values, budget, key), reason: validation.reason ?? 'Invalid' }]
}

function spoken(
  { message = '', messageExpression = '', expression }: Validation,
  types: ReadonlyMap<string, CelType>,
  values: (name: string) => Value | undefined,
  budget: Budget,
  key: string,
): string {
  const program = messageExpression === '' ? undefined : programOf(messageExpression, types, key)
  if (program !== undefined && !(program instanceof Error)) {
    try {
      const text = program.evaluate(values, budget)
      if (typeof text === 'string' && text.trim() !== '' && !text.trim().includes('\n')) return text.trim()
    } catch (error) {
      if (!(error instanceof expressions().values.EvaluationError)) throw error
    }
  }
  return message === '' ? `failed expression: ${expression.trim()}` : message.trim()
}
