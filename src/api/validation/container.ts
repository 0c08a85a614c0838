import type {
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  EphemeralContainer,
  PodSpec,
} from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { configKeyProblems, dnsLabelProblems, dnsSubdomainProblems, envVarNameProblems } from '../meta/names.ts'
import { portNameProblems, portNumberProblems } from '../meta/names.ts'
import { named } from './object-meta.ts'
import { validateLifecycle, validateProbes } from './probe.ts'
import { validateResizePolicy, validateResources } from './resources.ts'
import { validateResourceField } from './resource-field.ts'
import { validateSecurity } from './security-context.ts'
import { validateDevices, validateMounts } from './volume-mounts.ts'

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** What containers are checked against: their pod, its volumes, and the names that are taken. */
export interface ContainerContext {
  readonly volumes: ReadonlySet<string>
  readonly names: Set<string>
  readonly spec: PodSpec
}

/** A container that runs while its pod does. */
export function validateContainer(container: Container, path: string, context: ContainerContext): FieldError[] {
  return [
    ...validateCommon(container, path, context),
    ...takeName(container.name, `${path}.name`, context.names),
    ...validateRunning(container, path, context),
  ]
}

const RESTARTS = ['Always']

/** One that must end before the others start, or, if it is always restarted, runs beside them. */
export function validateInitContainer(container: Container, path: string, context: ContainerContext): FieldError[] {
  const errors = validateCommon(container, path, context)
  const { restartPolicy } = container
  if (restartPolicy !== undefined && restartPolicy !== 'Always') {
    errors.push(notSupported(`${path}.restartPolicy`, restartPolicy, RESTARTS))
  }
  errors.push(...takeName(container.name, `${path}.name`, context.names))
  if (restartPolicy === 'Always') return [...errors, ...validateRunning(container, path, context)]
  const detail = 'may not be set for init containers without restartPolicy=Always'
  const fields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
  const set = fields.filter((field) => container[field] !== undefined)
  return [...errors, ...set.map((field) => forbidden(`${path}.${field}`, detail))]
}

/** In the order in which Kubernetes declares them. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const

/** One that is put beside the others to look at them: it has nothing that others could rely on. */
export function validateEphemeralContainer(
  container: EphemeralContainer,
  path: string,
  context: ContainerContext,
  targets: ReadonlySet<string>,
): FieldError[] {
  const errors = validateCommon(container as Container, path, context)
  errors.push(...takeName(container.name, `${path}.name`, context.names))
  const { targetContainerName: target = '' } = container
  if (target !== '' && !targets.has(target)) errors.push(notFound(`${path}.targetContainerName`, target))
  const detail = 'cannot be set for an Ephemeral Container'
  const set = NOT_EPHEMERAL.filter(
    // Resources are a struct, of which an empty one is none.
    (field) => container[field] !== undefined && !(field === 'resources' && isEmpty(container[field])),
  )
  errors.push(...set.map((field) => forbidden(`${path}.${field}`, detail)))
  container.volumeMounts?.forEach((mount, i) => {
    for (const field of ['subPath', 'subPathExpr'] as const) {
      if (mount[field]) errors.push(forbidden(`${path}.volumeMounts[${i}].${field}`, detail))
    }
  })
  return errors
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'claims' in value === false && JSON.stringify(value) === '{}'

function validateCommon(container: Container, path: string, context: ContainerContext): FieldError[] {
  const { name = '', image = '', imagePullPolicy = '' } = container
  const errors = name === '' ? [required(`${path}.name`)] : named(`${path}.name`, name, dnsLabelProblems(name))
  if (image === '') errors.push(required(`${path}.image`))
  else if (image.trim() !== image) {
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'))
  }
  errors.push(...validateMessagePolicy(container, path))
  errors.push(...validatePorts(container.ports ?? [], `${path}.ports`))
  errors.push(...validateEnv(container.env ?? [], `${path}.env`))
  errors.push(...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`))
  errors.push(...validateMounts(container, path, context.volumes))
  errors.push(...validateDevices(container, path, context.spec))
  if (imagePullPolicy === '') errors.push(required(`${path}.imagePullPolicy`))
  else if (!PULL_POLICIES.includes(imagePullPolicy)) {
    errors.push(notSupported(`${path}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES))
  }
  const claims = new Set(context.spec.resourceClaims?.map(({ name }) => name))
  errors.push(...validateResources(container.resources, `${path}.resources`, claims))
  errors.push(...validateResizePolicy(container, `${path}.resizePolicy`, context.spec.restartPolicy))
  const { securityContext } = container
  return [...errors, ...validateSecurity(securityContext, `${path}.securityContext`, context.spec.hostUsers)]
}

function validateRunning(container: Container, path: string, { spec }: ContainerContext): FieldError[] {
  const grace = spec.terminationGracePeriodSeconds ?? 0
  return [...validateLifecycle(container.lifecycle, `${path}.lifecycle`, grace), ...validateProbes(container, path)]
}

function takeName(name: string, path: string, names: Set<string>): FieldError[] {
  const errors = names.has(name) ? [duplicate(path, name)] : []
  names.add(name)
  return errors
}

function validateMessagePolicy(container: Container, path: string): FieldError[] {
  const policy = container.terminationMessagePolicy ?? ''
  if (policy === '') return [required(`${path}.terminationMessagePolicy`)]
  if (MESSAGE_POLICIES.includes(policy)) return []
  return [notSupported(`${path}.terminationMessagePolicy`, policy, MESSAGE_POLICIES)]
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const names = new Set<string>()
  return ports.flatMap((port, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    const { name = '', containerPort, hostPort = 0, protocol = '' } = port
    if (name !== '') {
      const problems = portNameProblems(name)
      errors.push(...problems.map((problem) => invalid(`${at}.name`, name, problem)))
      if (problems.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name))
      names.add(name)
    }
    if (containerPort === undefined || containerPort === 0) errors.push(required(`${at}.containerPort`))
    else errors.push(...validatePortNumber(containerPort, `${at}.containerPort`))
    if (hostPort !== 0) errors.push(...validatePortNumber(hostPort, `${at}.hostPort`))
    if (protocol === '') errors.push(required(`${at}.protocol`))
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, PROTOCOLS))
    return errors
  })
}

export function validatePortNumber(port: number, path: string): FieldError[] {
  return portNumberProblems(port).map((problem) => invalid(path, port, problem))
}

export function validateEnv(variables: readonly EnvVar[], path: string): FieldError[] {
  return variables.flatMap((variable, i) => {
    const at = `${path}[${i}]`
    const name = variable.name ?? ''
    const errors: FieldError[] = name === '' ? [required(`${at}.name`)] : []
    if (name !== '') errors.push(...envVarNameProblems(name).map((problem) => invalid(`${at}.name`, name, problem)))
    return [...errors, ...validateValueFrom(variable, `${at}.valueFrom`)]
  })
}

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

function validateValueFrom({ value = '', valueFrom }: EnvVar, path: string): FieldError[] {
  if (valueFrom === undefined) return []
  const errors: FieldError[] = []
  const sources = Object.keys(valueFrom)
  const { fieldRef, configMapKeyRef, secretKeyRef, resourceFieldRef } = valueFrom
  if (fieldRef) errors.push(...validateFieldPath(fieldRef.fieldPath, `${path}.fieldRef.fieldPath`))
  if (resourceFieldRef) errors.push(...validateResourceField(resourceFieldRef, `${path}.resourceFieldRef`))
  for (const [name, reference] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (reference === undefined) continue
    const at = `${path}.${name}`
    const of = reference.name ?? ''
    errors.push(...named(`${at}.name`, of, dnsSubdomainProblems(of)))
    if (reference.key === '') errors.push(required(`${at}.key`))
    else
      for (const problem of configKeyProblems(reference.key))
        errors.push(invalid(`${path}.${name}.key`, reference.key, problem))
  }
  if (sources.length === 0) {
    const detail = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'
    errors.push(invalid(path, '', detail))
  } else if (value !== '') errors.push(invalid(path, '', 'may not be specified when `value` is not empty'))
  else if (sources.length > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'))
  return errors
}

function validateFieldPath(fieldPath: string, path: string): FieldError[] {
  if (fieldPath === '') return [required(path)]
  if (ENV_FIELDS.includes(fieldPath) || /^metadata\.(labels|annotations)\['.*'\]$/.test(fieldPath)) return []
  if (!/^(metadata|spec|status)\./.test(fieldPath)) {
    return [invalid(path, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)]
  }
  const known = ['metadata.labels', 'metadata.annotations', 'spec.restartPolicy', 'status.phase', 'spec.schedulerName']
  if (known.includes(fieldPath)) return [notSupported(path, fieldPath, ENV_FIELDS)]
  return [invalid(path, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)]
}

function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  return sources.flatMap(({ prefix = '', configMapRef, secretRef }, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if (prefix !== '')
      errors.push(...envVarNameProblems(prefix).map((problem) => invalid(`${at}.prefix`, prefix, problem)))
    for (const [kind, reference] of Object.entries({ configMapRef, secretRef })) {
      if (reference === undefined) continue
      const of = reference.name ?? ''
      if (of === '') errors.push(required(`${at}.${kind}.name`))
      else errors.push(...named(`${at}.${kind}.name`, of, dnsSubdomainProblems(of)))
    }
    const count = [configMapRef, secretRef].filter((one) => one !== undefined).length
    if (count === 0) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (count > 1) errors.push(invalid(at, '', 'may not have more than one field specified at a time'))
    return errors
  })
}
