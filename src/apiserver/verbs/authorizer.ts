import type { FieldSelector } from '../../api/meta/field-selector.ts'
import type { UserInfo } from './request.ts'

/** What a request wants to do, as Kubernetes' authorizers are asked. */
export type Attributes = ResourceAttributes | NonResourceAttributes

export interface ResourceAttributes {
  readonly user: UserInfo
  /** An API verb, or one of the special ones such as `bind`, `escalate`, `impersonate`, `approve`. */
  readonly verb: string
  readonly group: string
  readonly version: string
  /** The plural; `*` in reviews stands for all. */
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  /** Of a list or watch: fields that all it is about has. */
  readonly fieldSelector?: FieldSelector
}

export interface NonResourceAttributes {
  readonly user: UserInfo
  /** The lower-case HTTP method. */
  readonly verb: string
  readonly path: string
}

/** `reason` says by which rule it was allowed, or why no rule did; clients see it behind the Forbidden message. */
export interface Decision {
  readonly allowed: boolean
  readonly reason?: string
  readonly evaluationError?: string
}

/** The rules that hold for a user in a namespace, as SelfSubjectRulesReview lists them. */
export interface Rules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[]
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly resourceNames?: readonly string[]
  }[]
  readonly nonResourceRules: readonly {
    readonly verbs: readonly string[]
    readonly nonResourceURLs: readonly string[]
  }[]
  readonly incomplete: boolean
  readonly evaluationError?: string
}

/** Decides whether a user may do a thing. The verbs ask it once for each request; it must be cheap and synchronous. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision
  rulesFor(user: UserInfo, namespace: string): Rules
}

/** Lets everybody do everything: for servers without authorization and for tests of other things. */
export const allowAll: Authorizer = {
  authorize: () => ({ allowed: true }),
  rulesFor: () => ({
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
    incomplete: false,
  }),
}

/** Kubernetes' words for a refusal, behind which a transport puts `reason`. */
export function describeRefusal(attributes: Attributes, decision: Decision): string {
  const user = `User "${attributes.user.name}" cannot ${attributes.verb}`
  const reason = decision.reason === undefined || decision.reason === '' ? '' : `: ${decision.reason}`
  if ('path' in attributes) return `${user} path "${attributes.path}"${reason}`
  const { resource, subresource, group, namespace } = attributes
  const what = subresource === undefined ? resource : `${resource}/${subresource}`
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  return `${user} resource "${what}" in API group "${group}" ${where}${reason}`
}
