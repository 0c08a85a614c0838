import type { CelType } from '../../../expression/cel/cel-type.ts'
import { ADMISSION_VARIABLES, NAMESPACE_VARIABLE, REQUEST } from '../../../expression/cel/admission-types.ts'
import type { Budget, Program } from '../../../expression/cel/environment.ts'
import { fieldsOfText } from '../../subresources/review-selectors.ts'
import type { AccessQuestion } from '../../../expression/cel/library/authorizer.ts'
import type { Value } from '../../../expression/cel/values.ts'
import { expressions } from '../../custom/expression-engine.ts'
import type { Attributes } from '../../verbs/authorizer.ts'
import type { UserInfo } from '../../verbs/request.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { DynamicContext } from './registrations.ts'
import { objectsOf, reviewRequest } from './review.ts'

/** How many compiled expressions are kept; the least recently made go first. */
const MAX_PROGRAMS = 2_000
const programs = new Map<string, Program | Error>()

/** Compiles an expression once; an error where it cannot be. */
export function programOf(source: string, variables: ReadonlyMap<string, CelType>, key = ''): Program | Error {
  const name = `${key}\n${[...variables.keys()].join()}\n${source}`
  let found = programs.get(name)
  if (found === undefined) {
    try {
      found = expressions().compile(source, variables)
    } catch (error) {
      found = error instanceof Error ? error : new Error(String(error))
    }
    if (programs.size >= MAX_PROGRAMS) programs.delete(programs.keys().next().value ?? '')
    programs.set(name, found)
  }
  return found
}

/** The values of the variables that all admission expressions share. */
export function admissionValues(
  { authorizer }: DynamicContext,
  request: AdmissionRequest,
  form: ServedResource,
): (name: string) => Value | undefined {
  const { fromJson, authorizer: library } = expressions()
  const made = new Map<string, Value>()
  const ask = (question: AccessQuestion) => {
    const decision = authorizer.authorize(attributesOf(request.user, question))
    const { allowed, reason, evaluationError } = decision
    return {
      allowed,
      ...(reason !== undefined && { reason }),
      ...(evaluationError !== undefined && { error: evaluationError }),
    }
  }
  const make = (name: string): Value | undefined => {
    const { type } = form
    switch (name) {
      case 'object':
        return fromJson(objectsOf(request, form).object)
      case 'oldObject':
        return fromJson(objectsOf(request, form).oldObject)
      case 'request':
        return fromJson(reviewRequest(request, form, ''), REQUEST)
      case 'namespaceObject':
        return fromJson(namespaceOf(request), NAMESPACE_VARIABLE[1])
      case 'authorizer':
        return library.authorizerValue(ask)
      case 'authorizer.requestResource':
        return library.resourceCheckValue({
          ask,
          group: type.group,
          resource: type.plural,
          subresource: request.subresource ?? '',
          namespace: request.namespace ?? '',
          name: request.name,
        })
      default:
        return undefined
    }
  }
  return (name) => {
    let value = made.get(name)
    if (value === undefined && (value = make(name)) !== undefined) made.set(name, value)
    return value
  }
}

function namespaceOf({ head, namespace, resource }: AdmissionRequest): unknown {
  if (namespace === undefined || resource.storage === 'namespaces') return null
  return head.get('namespaces', namespace)?.object ?? null
}

function attributesOf(asking: UserInfo, question: AccessQuestion): Attributes {
  const { account, verb } = question
  const user = account === undefined ? asking : serviceAccount(account.namespace, account.name)
  if ('path' in question) return { user, verb, path: question.path }
  const { group, resource, subresource, namespace, name, fieldSelector = '' } = question
  return {
    user,
    verb,
    group,
    version: '*',
    resource,
    ...(subresource !== '' && { subresource }),
    ...(namespace !== '' && { namespace }),
    ...(name !== '' && { name }),
    ...(fieldSelector !== '' && { fieldSelector: fieldsOfText(fieldSelector) }),
  }
}

const serviceAccount = (namespace: string, name: string): UserInfo => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
})

/** Kubernetes' limit on what the match conditions of one webhook or binding may cost. */
const CONDITIONS_BUDGET = 2_500_000

/** Whether all match conditions hold; the first that does not is enough, an error counts where none says no. */
export function conditionsHold(
  conditions: readonly { readonly name: string; readonly expression: string }[],
  values: (name: string) => Value | undefined,
  variables: ReadonlyMap<string, CelType> = ADMISSION_VARIABLES,
): boolean | string {
  const budget: Budget = { remaining: CONDITIONS_BUDGET }
  const failures: string[] = []
  for (const { expression } of conditions) {
    const program = programOf(expression, variables)
    const outcome =
      program instanceof Error ? `compilation error: ${program.message}` : attempt(program, values, budget)
    if (outcome === false) return false
    if (typeof outcome === 'string') failures.push(outcome)
  }
  if (failures.length === 0) return true
  return failures.length === 1 ? (failures[0] ?? '') : `[${failures.join(', ')}]`
}

function attempt(program: Program, values: (name: string) => Value | undefined, budget: Budget): boolean | string {
  try {
    return program.evaluate(values, budget) === true
  } catch (error) {
    if (!(error instanceof expressions().values.EvaluationError)) throw error
    return `expression '${program.source}' resulted in error: ${error.message}`
  }
}
