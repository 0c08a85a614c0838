import type { Library } from '../functions.ts'
import { EvaluationError, Opaque } from '../values.ts'

/** What an expression asks an authorizer. */
export type AccessQuestion =
  | { readonly path: string; readonly verb: string; readonly account?: ServiceAccountName }
  | {
      readonly group: string
      readonly resource: string
      readonly subresource: string
      readonly namespace: string
      readonly name: string
      readonly verb: string
      /** A field selector as text; empty where there is none. */
      readonly fieldSelector?: string
      readonly account?: ServiceAccountName
    }

export interface ServiceAccountName {
  readonly namespace: string
  readonly name: string
}

export interface AccessDecision {
  readonly allowed: boolean
  readonly reason?: string
  readonly error?: string
}

/** Answers for the user of a request, or for the service account that the question names. */
export type AskAuthorizer = (question: AccessQuestion) => AccessDecision

interface Asking {
  readonly ask: AskAuthorizer
  readonly account?: ServiceAccountName
}

interface ResourceCheck extends Asking {
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly fieldSelector?: string
}

const PREFIX = 'kubernetes.authorization'

/** The value of the variable `authorizer`. */
export const authorizerValue = (ask: AskAuthorizer): Opaque<Asking> => new Opaque(`${PREFIX}.Authorizer`, { ask })

/** The value of `authorizer.requestResource`. */
export const resourceCheckValue = (check: ResourceCheck): Opaque<ResourceCheck> =>
  new Opaque(`${PREFIX}.ResourceCheck`, check)

const decisionValue = (decision: AccessDecision): Opaque<AccessDecision> => new Opaque(`${PREFIX}.Decision`, decision)

const A = `${PREFIX}.Authorizer`
const PATH = `${PREFIX}.PathCheck`
const GROUP = `${PREFIX}.GroupCheck`
const RESOURCE = `${PREFIX}.ResourceCheck`
const DECISION = `${PREFIX}.Decision`

type Group = Asking & { readonly group: string }
type Path = Asking & { readonly path: string }

/** Kubernetes' checks of access from within expressions. */
export const AUTHORIZER: Library = {
  [`${A}::path(string) ${PATH}`]: ({ value }: Opaque<Asking>, path: string) => {
    if (path === '') throw new EvaluationError('path must not be empty')
    return new Opaque(PATH, { ...value, path })
  },
  [`${A}::group(string) ${GROUP}`]: ({ value }: Opaque<Asking>, group: string) =>
    new Opaque(GROUP, { ...value, group }),
  [`${A}::serviceAccount(string, string) ${A}`]: ({ value }: Opaque<Asking>, namespace: string, name: string) =>
    new Opaque(A, { ...value, account: { namespace, name } }),
  [`${GROUP}::resource(string) ${RESOURCE}`]: ({ value }: Opaque<Group>, resource: string) => {
    if (resource === '') throw new EvaluationError('resource must not be empty')
    return resourceCheckValue({ ...value, resource, subresource: '', namespace: '', name: '' })
  },
  [`${RESOURCE}::subresource(string) ${RESOURCE}`]: ({ value }: Opaque<ResourceCheck>, subresource: string) =>
    resourceCheckValue({ ...value, subresource }),
  [`${RESOURCE}::namespace(string) ${RESOURCE}`]: ({ value }: Opaque<ResourceCheck>, namespace: string) =>
    resourceCheckValue({ ...value, namespace }),
  [`${RESOURCE}::name(string) ${RESOURCE}`]: ({ value }: Opaque<ResourceCheck>, name: string) =>
    resourceCheckValue({ ...value, name }),
  [`${RESOURCE}::fieldSelector(string) ${RESOURCE}`]: ({ value }: Opaque<ResourceCheck>, fieldSelector: string) =>
    resourceCheckValue({ ...value, fieldSelector }),
  // No authorizer goes by labels.
  [`${RESOURCE}::labelSelector(string) ${RESOURCE}`]: (check: Opaque<ResourceCheck>) => check,
  [`${PATH}::check(string) ${DECISION}`]: ({ value }: Opaque<Path>, verb: string) => {
    const { ask, ...question } = value
    return decisionValue(ask({ ...question, verb }))
  },
  [`${RESOURCE}::check(string) ${DECISION}`]: ({ value }: Opaque<ResourceCheck>, verb: string) => {
    const { ask, ...question } = value
    return decisionValue(ask({ ...question, verb }))
  },
  [`${DECISION}::allowed() bool`]: ({ value }: Opaque<AccessDecision>) => value.allowed,
  [`${DECISION}::reason() string`]: ({ value }: Opaque<AccessDecision>) => value.reason ?? '',
  [`${DECISION}::errored() bool`]: ({ value }: Opaque<AccessDecision>) => value.error !== undefined,
  [`${DECISION}::error() string`]: ({ value }: Opaque<AccessDecision>) => value.error ?? '',
}
