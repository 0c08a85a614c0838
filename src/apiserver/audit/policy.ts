import type { RequestPath, ResourcePath } from '../http/request-path.ts'
import type { UserInfo } from '../verbs/user.ts'

/** How much is recorded of a request, each with what those before it have: who asked for what, what was sent, the answer. */
export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type AuditLevel = (typeof LEVELS)[number]

/** Where a request stands when it is recorded; the last is of programs that panic, which ours does not. */
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type AuditStage = (typeof STAGES)[number]

/** `audit.k8s.io/v1` Policy: the first rule that fits a request says what is recorded of it; where none does, nothing is. */
export interface AuditPolicy {
  readonly rules: readonly AuditPolicyRule[]
  readonly omitStages?: readonly AuditStage[]
  readonly omitManagedFields?: boolean
}

export interface AuditPolicyRule {
  readonly level: AuditLevel
  readonly users?: readonly string[]
  readonly userGroups?: readonly string[]
  readonly verbs?: readonly string[]
  readonly resources?: readonly GroupResources[]
  readonly namespaces?: readonly string[]
  readonly nonResourceURLs?: readonly string[]
  readonly omitStages?: readonly AuditStage[]
  readonly omitManagedFields?: boolean
}

export interface GroupResources {
  /** Empty or absent for the core group. */
  readonly group?: string
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
}

/** What is recorded of one request. */
export interface AuditRule {
  readonly level: AuditLevel
  readonly omitStages: ReadonlySet<AuditStage>
  readonly omitManagedFields: boolean
}

/** Without a policy: who asked for what and what came of it, once it is known. */
export const METADATA: AuditRule = {
  level: 'Metadata',
  omitStages: new Set(['RequestReceived']),
  omitManagedFields: false,
}

/** Finds the rule for a request, by Kubernetes' order and wildcards. */
export function compilePolicy(policy: AuditPolicy): (user: UserInfo, verb: string, path: RequestPath) => AuditRule {
  const { rules, omitStages = [], omitManagedFields = false } = policy
  const none: AuditRule = { level: 'None', omitStages: new Set(), omitManagedFields }
  const compiled = rules.map((rule) => ({
    rule,
    found: {
      level: rule.level,
      omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
    },
  }))
  return (user, verb, path) => compiled.find(({ rule }) => fits(rule, user, verb, path))?.found ?? none
}

const isAny = (wanted: readonly string[] | undefined, value: string) =>
  wanted === undefined || wanted.length === 0 || wanted.includes(value)

function fits(rule: AuditPolicyRule, { name, groups }: UserInfo, verb: string, path: RequestPath): boolean {
  const { users, userGroups = [], verbs, resources = [], namespaces = [], nonResourceURLs = [] } = rule
  if (!isAny(users, name) || !isAny(verbs, verb)) return false
  if (userGroups.length > 0 && !groups.some((group) => userGroups.includes(group))) return false
  if (namespaces.length > 0 || resources.length > 0) {
    if ('other' in path || !isAny(namespaces, path.namespace ?? '')) return false
    return resources.length === 0 || resources.some((one) => fitsResource(one, path))
  }
  return nonResourceURLs.length === 0 || ('other' in path && nonResourceURLs.some((url) => fitsPath(url, path.other)))
}

function fitsResource({ group = '', resources = [], resourceNames }: GroupResources, path: ResourcePath): boolean {
  if (group !== path.group) return false
  if (resources.length === 0) return true
  if (!isAny(resourceNames, path.name ?? '')) return false
  const { plural, subresource } = path
  const whole = subresource === undefined ? plural : `${plural}/${subresource}`
  return resources.some(
    (each) =>
      each === whole ||
      each === '*' ||
      each === `${plural}/*` ||
      (subresource !== undefined && each === `*/${subresource}`),
  )
}

function fitsPath(url: string, path: string): boolean {
  return url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')))
}
