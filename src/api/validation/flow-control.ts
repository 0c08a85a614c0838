import type {
  FlowSchema,
  PolicyRulesWithSubjects,
  PriorityLevelConfiguration,
  QueuingConfiguration,
  ResourcePolicyRule,
  Subject,
} from '../generated/flowcontrol-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems } from '../meta/names.ts'
import { named } from './object-meta.ts'

const MOST_PRECEDENCE = 10_000
const EXEMPT = 'exempt'
const DISTINGUISHERS = ['ByNamespace', 'ByUser']
const SUBJECTS = ['Group', 'ServiceAccount', 'User']
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

export function validateFlowSchema({ metadata, spec, status }: FlowSchema): FieldError[] {
  const { matchingPrecedence = 0, distinguisherMethod, priorityLevelConfiguration, rules = [] } = spec ?? {}
  const at = 'spec.matchingPrecedence'
  const errors: FieldError[] = []
  if (matchingPrecedence <= 0) errors.push(invalid(at, matchingPrecedence, 'must be a positive value'))
  if (matchingPrecedence > MOST_PRECEDENCE) {
    errors.push(invalid(at, matchingPrecedence, `must not be greater than ${MOST_PRECEDENCE}`))
  }
  if (matchingPrecedence === 1 && metadata.name !== EXEMPT) {
    const detail = "only the schema named 'exempt' may have matchingPrecedence 1"
    errors.push(invalid(at, matchingPrecedence, detail))
  }
  if (distinguisherMethod !== undefined && !DISTINGUISHERS.includes(distinguisherMethod.type ?? '')) {
    errors.push(notSupported('spec.distinguisherMethod.type', { Type: distinguisherMethod.type ?? '' }, DISTINGUISHERS))
  }
  const level = priorityLevelConfiguration?.name ?? ''
  const path = 'spec.priorityLevelConfiguration.name'
  if (level === '') errors.push(required(path, 'must reference a priority level'))
  else errors.push(...named(path, level, dnsSubdomainProblems(level)))
  errors.push(...rules.flatMap((rule, i) => validateRules(rule, `spec.rules[${i}]`)))
  return [...errors, ...validateFlowConditions(status?.conditions)]
}

function validateRules(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const { resourceRules = [], nonResourceRules = [] } = rule
  const subjects = rule.subjects ?? []
  const errors = subjects.flatMap((subject, i) => validateSubject(subject, `${path}.subjects[${i}]`))
  if (subjects.length === 0) errors.push(required(`${path}.subjects`, 'subjects must contain at least one value'))
  if (resourceRules.length + nonResourceRules.length === 0) {
    errors.push(required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'))
  }
  errors.push(...resourceRules.flatMap((one, i) => validateResourceRule(one, `${path}.resourceRules[${i}]`)))
  nonResourceRules.forEach(({ verbs, nonResourceURLs }, i) => {
    const at = `${path}.nonResourceRules[${i}]`
    errors.push(...validateVerbs(verbs, at))
    errors.push(
      ...wildcards(
        `${at}.nonResourceURLs`,
        nonResourceURLs,
        'nonResourceURLs must contain at least one value',
        'non-resource URLs',
      ),
    )
    if ((nonResourceURLs ?? []).includes('*')) return
    nonResourceURLs?.forEach((url, j) => errors.push(...urlProblem(`${at}.nonResourceURLs[${j}]`, url)))
  })
  return errors
}

const KIND_FIELDS = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const
type SubjectKind = keyof typeof KIND_FIELDS

/** In the order in which Kubernetes looks for fields that belong to another kind of subject. */
const OTHERS: Readonly<Record<SubjectKind, readonly SubjectKind[]>> = {
  ServiceAccount: ['User', 'Group'],
  User: ['ServiceAccount', 'Group'],
  Group: ['ServiceAccount', 'User'],
}

function validateSubject(subject: Subject, path: string): FieldError[] {
  const kind = subject.kind as SubjectKind
  if (!SUBJECTS.includes(kind)) return [notSupported(`${path}.kind`, kind, SUBJECTS)]
  const own = KIND_FIELDS[kind]
  const errors = validateOwn(subject, kind, `${path}.${own}`)
  for (const other of OTHERS[kind]) {
    const field = KIND_FIELDS[other]
    if (subject[field] === undefined) continue
    errors.push(forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${other}'`))
  }
  return errors
}

function validateOwn(subject: Subject, kind: SubjectKind, path: string): FieldError[] {
  const field = KIND_FIELDS[kind]
  const own = subject[field]
  if (own === undefined) return [required(path, `${field} is required when subject kind is '${kind}'`)]
  const name = own.name ?? ''
  const errors = name === '' ? [required(`${path}.name`)] : []
  if (kind !== 'ServiceAccount') return errors
  if (name !== '' && name !== '*') errors.push(...named(`${path}.name`, name, dnsSubdomainProblems(name)))
  const { namespace = '' } = subject.serviceAccount ?? { namespace: '' }
  if (namespace === '') errors.push(required(`${path}.namespace`, 'must specify namespace for service account'))
  else errors.push(...named(`${path}.namespace`, namespace, dnsLabelProblems(namespace)))
  return errors
}

/** A list that must hold something, and the wildcard alone where it holds that. */
function wildcards(path: string, values: readonly string[] | undefined, missing: string, others: string): FieldError[] {
  const list = values ?? []
  if (list.length === 0) return [required(path, missing)]
  if (!list.includes('*') || list.length === 1) return []
  return [invalid(path, list, `if '*' is present, must not specify other ${others}`)]
}

function validateVerbs(verbs: readonly string[] | undefined, path: string): FieldError[] {
  const errors = wildcards(`${path}.verbs`, verbs, 'verbs must contain at least one value', 'verbs')
  if (errors.length > 0 || verbs?.includes('*') || verbs?.every((verb) => VERBS.includes(verb))) return errors
  return [notSupported(`${path}.verbs`, verbs, VERBS)]
}

function validateResourceRule(rule: ResourcePolicyRule, path: string): FieldError[] {
  const { verbs, apiGroups, resources, clusterScope = false } = rule
  const namespaces = rule.namespaces ?? []
  const errors = validateVerbs(verbs, path)
  const supply = (what: string) => `resource rules must supply at least one ${what}`
  errors.push(...wildcards(`${path}.apiGroups`, apiGroups, supply('api group'), 'api groups'))
  errors.push(...wildcards(`${path}.resources`, resources, supply('resource'), 'resources'))
  if (namespaces.length === 0 && !clusterScope) {
    const detail = 'resource rules that are not cluster scoped must supply at least one namespace'
    return [...errors, required(`${path}.namespaces`, detail)]
  }
  if (namespaces.includes('*')) {
    if (namespaces.length === 1) return errors
    return [
      ...errors,
      invalid(`${path}.namespaces`, namespaces, "if '*' is present, must not specify other namespaces"),
    ]
  }
  return [...errors, ...namespaces.flatMap((one, i) => named(`${path}.namespaces[${i}]`, one, namespaceProblems(one)))]
}

const namespaceProblems = (name: string) =>
  dnsLabelProblems(name).map((problem) => `each member of this list must be '*' or a DNS-1123 label; ${problem}`)

function urlProblem(path: string, url: string): FieldError[] {
  if (url === '') return [invalid(path, url, 'must not be empty')]
  if (url === '/') return []
  const stars = url.split('*').length - 1
  if (!url.startsWith('/')) return [invalid(path, url, 'must start with slash')]
  if (url.includes(' ')) return [invalid(path, url, 'must not contain white-space')]
  if (url.includes('//')) return [invalid(path, url, 'must not contain double slash')]
  const isSuffix = stars === 0 || (stars === 1 && url.endsWith('/*'))
  return isSuffix ? [] : [invalid(path, url, 'wildcard can only do suffix matching')]
}

/** Of both kinds' status. */
function validateFlowConditions(conditions: readonly { readonly type?: string }[] = []): FieldError[] {
  return conditions.flatMap(({ type = '' }, i) => {
    const path = `status.conditions[${i}].type`
    const isFirst = conditions.findIndex((other) => (other.type ?? '') === type) === i
    const repeated = isFirst ? [] : [duplicate(path, type)]
    return type === '' ? [...repeated, required(path)] : repeated
  })
}

export const validateFlowStatus = ({ status }: FlowSchema | PriorityLevelConfiguration): FieldError[] =>
  validateFlowConditions(status?.conditions)

const PRESERVED = 'flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares'

export function validatePriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const errors: FieldError[] = []
  if (metadata.annotations?.[PRESERVED] !== undefined) {
    errors.push(forbidden('metadata.annotations', `annotation '${PRESERVED}' is forbidden`))
  }
  const { type = '', limited, exempt } = spec ?? { type: '' }
  if ((metadata.name === EXEMPT) !== (type === 'Exempt')) {
    errors.push(invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'"))
  }
  if (type === 'Exempt') {
    if (limited !== undefined) errors.push(forbidden('spec.limited', 'must be nil if the type is not Limited'))
    if (exempt !== undefined) errors.push(...validateShares(exempt, 'spec.exempt'))
  } else if (type === 'Limited') {
    if (exempt !== undefined) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'))
    if (limited === undefined) errors.push(required('spec.limited', 'must not be empty when type is Limited'))
    else errors.push(...validateLimited(limited))
  } else errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']))
  return [...errors, ...validateFlowConditions(status?.conditions)]
}

interface Shares {
  readonly nominalConcurrencyShares?: number
  readonly lendablePercent?: number
}

function validateLendable({ lendablePercent: percent }: Shares, path: string): FieldError[] {
  if (percent === undefined || (percent >= 0 && percent <= 100)) return []
  return [invalid(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive')]
}

function validateNominal({ nominalConcurrencyShares: shares = 0 }: Shares, path: string): FieldError[] {
  return shares < 0 ? [invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')] : []
}

const validateShares = (shares: Shares, path: string): FieldError[] => [
  ...validateNominal(shares, path),
  ...validateLendable(shares, path),
]

type Limited = NonNullable<NonNullable<PriorityLevelConfiguration['spec']>['limited']>

function validateLimited(limited: Limited): FieldError[] {
  const path = 'spec.limited'
  const { borrowingLimitPercent: borrowed = 0, limitResponse } = limited
  const { type = '', queuing } = limitResponse ?? { type: '' }
  const errors = validateNominal(limited, path)
  const at = `${path}.limitResponse`
  if (type === 'Reject') {
    const detail = 'must be nil if limited.limitResponse.type is not Limited'
    if (queuing !== undefined) errors.push(forbidden(`${at}.queuing`, detail))
  } else if (type === 'Queue') {
    const detail = 'must not be empty if limited.limitResponse.type is Limited'
    if (queuing === undefined) errors.push(required(`${at}.queuing`, detail))
    else errors.push(...validateQueuing(queuing, `${at}.queuing`))
  } else errors.push(notSupported(`${at}.type`, type, ['Queue', 'Reject']))
  errors.push(...validateLendable(limited, path))
  if (borrowed >= 0) return errors
  const detail = 'if specified, must be a non-negative integer'
  return [...errors, invalid(`${path}.borrowingLimitPercent`, borrowed, detail)]
}

const MOST_QUEUES = 10_000_000
/** Requests are dealt to queues by the bits of one hash. */
const HASH_BITS = 60

function validateQueuing(queuing: QueuingConfiguration, path: string): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing
  const errors: FieldError[] = []
  if (queueLengthLimit <= 0) errors.push(invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(invalid(`${path}.queues`, queues, 'must be positive'))
  else if (queues > MOST_QUEUES) {
    errors.push(invalid(`${path}.queues`, queues, `must not be greater than ${MOST_QUEUES}`))
  }
  const at = `${path}.handSize`
  if (handSize <= 0) return [...errors, invalid(at, handSize, 'must be positive')]
  if (handSize > queues) return [...errors, invalid(at, handSize, `should not be greater than queues (${queues})`)]
  const bits = Math.ceil(Math.log2(queues) * handSize)
  if (bits <= HASH_BITS) return errors
  const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HASH_BITS}`
  return [...errors, invalid(at, handSize, detail)]
}
