import type { ConfigMap, Namespace, Node, Secret, ServiceAccount } from '../generated/core-v1.ts'
import { validateLenientCidr } from './addresses.ts'
import { duplicate, forbidden, invalid, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { jsonProblem } from '../meta/json-problem.ts'
import { configKeyProblems, labelKeyProblems } from '../meta/names.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { named, unlessKnownFinalizer, unlessSame, utf8Length, validateFinalizerNames } from './object-meta.ts'
import { validateAmount } from './resources.ts'
import { validateTaints } from './scheduling.ts'

/** What a ConfigMap or a Secret may hold. */
const MAXIMUM_BYTES = 1024 * 1024

export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors(`data[${key}]`, key))
    if (Object.hasOwn(binaryData, key))
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    bytes += utf8Length(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...keyErrors(`binaryData[${key}]`, key))
    bytes += decodedLength(value)
  }
  if (bytes > MAXIMUM_BYTES) errors.push(tooLong('[]', MAXIMUM_BYTES))
  return errors
}

const keyErrors = (path: string, key: string) => configKeyProblems(key).map((problem) => invalid(path, key, problem))

function decodedLength(base64: string): number {
  return Math.floor((base64.replaceAll('=', '').length * 3) / 4)
}

const IMMUTABLE = 'field is immutable when `immutable` is set'

export function validateConfigMapUpdate(configMap: ConfigMap, old: ConfigMap): FieldError[] {
  if (old.immutable !== true) return []
  const errors: FieldError[] = []
  if (configMap.immutable !== true) errors.push(forbidden('immutable', IMMUTABLE))
  for (const field of ['data', 'binaryData'] as const) {
    if (!semanticallyEqual(configMap[field], old[field])) errors.push(forbidden(field, IMMUTABLE))
  }
  return errors
}

/** What secrets of the known types must hold. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

export function validateSecret({ data = {}, type = '', metadata }: Secret): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...keyErrors(`data[${key}]`, key))
    bytes += decodedLength(value)
  }
  if (bytes > MAXIMUM_BYTES) errors.push(tooLong('data', MAXIMUM_BYTES))
  for (const key of REQUIRED_KEYS[type] ?? []) if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`))
  for (const key of type.startsWith('kubernetes.io/docker') ? (REQUIRED_KEYS[type] ?? []) : []) {
    const problem = data[key] === undefined ? undefined : jsonProblem(Buffer.from(data[key], 'base64').toString())
    if (problem !== undefined) errors.push(invalid(`data[${key}]`, '<secret contents redacted>', problem))
  }
  if (type === 'kubernetes.io/service-account-token') {
    const name = metadata.annotations?.['kubernetes.io/service-account.name'] ?? ''
    if (name === '') errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'))
  }
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined) {
    errors.push(required('data[username]'), required('data[password]'))
  }
  return errors
}

export function validateSecretUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors = unlessSame('type', secret.type, old.type)
  if (old.immutable !== true) return errors
  if (secret.immutable !== true) errors.push(forbidden('immutable', IMMUTABLE))
  if (!semanticallyEqual(secret.data, old.data)) errors.push(forbidden('data', IMMUTABLE))
  return errors
}

export const validateNamespace = ({ spec }: Namespace): FieldError[] =>
  (spec?.finalizers ?? []).flatMap((name) => [
    ...named('spec.finalizers', name, labelKeyProblems(name)),
    ...unlessKnownFinalizer(name, 'spec.finalizers'),
  ])

export function validateNamespaceUpdate(namespace: Namespace, old: Namespace, subresource?: string): FieldError[] {
  if (subresource === 'finalize')
    return validateFinalizerNames({ finalizers: namespace.spec?.finalizers ?? [] }, 'spec')
  if (subresource !== 'status') return []
  const isDying = namespace.metadata.deletionTimestamp !== undefined
  const phase = namespace.status?.phase ?? ''
  void old
  if (isDying && phase !== 'Terminating') {
    return [invalid('status.Phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")]
  }
  if (!isDying && phase !== 'Active') {
    return [invalid('status.Phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")]
  }
  return []
}

export function validateNode({ spec = {}, status = {} }: Node): FieldError[] {
  const { podCIDRs: ranges = [] } = spec
  // Kubernetes looks for taints, and for swap, where they never lay.
  const errors = validateTaints(spec.taints ?? [], 'metadata.taints')
  errors.push(...validateNodeResources(status))
  const swap = status.nodeInfo?.swap?.capacity
  if (swap !== undefined && swap <= 0) {
    errors.push(invalid('metadata.nodeSwapStatus.capacity', swap, 'must be greater than zero'))
  }
  errors.push(...ranges.flatMap((range, i) => validateLenientCidr(`spec.podCIDRs[${i}]`, range)))
  const families = new Set(ranges.map((range) => range.includes(':')))
  if (ranges.length < 2 || (ranges.length === 2 && families.size === 2)) return errors
  return [...errors, invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family')]
}

/** `podCIDR` and `providerID` are set once. */
export function validateNodeUpdate({ spec = {}, status = {} }: Node, { spec: old = {} }: Node): FieldError[] {
  const errors = validateNodeResources(status)
  errors.push(...repeatedAddresses(status.addresses ?? []))
  if (old.providerID !== undefined && spec.providerID !== old.providerID) {
    errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'))
  }
  if (old.podCIDR !== undefined && spec.podCIDR !== old.podCIDR) {
    errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
  }
  errors.push(...validateTaints(spec.taints ?? [], 'metadata.taints'))
  if (spec.externalID !== old.externalID) errors.push(forbidden('spec.externalID', 'may not be updated'))
  return errors
}

const validateNodeResources = (status: NonNullable<Node['status']>): FieldError[] =>
  (['capacity', 'allocatable'] as const).flatMap((field) =>
    Object.entries(status[field] ?? {}).flatMap(([name, amount]) =>
      validateAmount(name, amount, `status.${field}.${name}`),
    ),
  )

function repeatedAddresses(addresses: NonNullable<NonNullable<Node['status']>['addresses']>): FieldError[] {
  const seen = new Set<string>()
  return addresses.flatMap(({ type, address }, i) => {
    const isRepeated = seen.size === seen.add(`${type} ${address}`).size
    return isRepeated ? [duplicate(`status.addresses[${i}]`, { Type: type, Address: address })] : []
  })
}

export function validateServiceAccount(_account: ServiceAccount): FieldError[] {
  return []
}
