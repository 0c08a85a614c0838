import type { Container, ContainerPort, EnvFromSource, EnvVar, VolumeMount } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notFound, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { configKeyProblems, dnsLabelProblems, envVarNameProblems } from '../meta/names.ts'
import { portNameProblems, portNumberProblems } from '../meta/names.ts'
import { validateLifecycle, validateProbes } from './probe.ts'
import { validateResources } from './resources.ts'

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const MESSAGE_POLICIES = ['FallbackToLogsOnError', 'File']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** What containers are checked against: the volumes of their pod, and the names that are taken. */
export interface ContainerContext {
  readonly volumes: ReadonlySet<string>
  readonly names: Set<string>
  readonly init: boolean
}

export function validateContainer(container: Container, path: string, context: ContainerContext): FieldError[] {
  const errors = validateName(container.name, `${path}.name`, context.names)
  const { image = '' } = container
  if (image === '') errors.push(required(`${path}.image`))
  else if (image.trim() !== image) {
    errors.push(invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'))
  }
  errors.push(...validateMessagePolicy(container, path))
  errors.push(...validatePorts(container.ports ?? [], `${path}.ports`))
  errors.push(...validateEnv(container.env ?? [], `${path}.env`))
  errors.push(...validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`))
  errors.push(...validateMounts(container.volumeMounts ?? [], `${path}.volumeMounts`, context.volumes))
  const { imagePullPolicy = '' } = container
  if (!PULL_POLICIES.includes(imagePullPolicy)) {
    errors.push(notSupported(`${path}.imagePullPolicy`, imagePullPolicy, PULL_POLICIES))
  }
  errors.push(...validateResources(container.resources, `${path}.resources`))
  const restarts = container.restartPolicy
  const isSidecar = context.init && restarts === 'Always'
  if (restarts !== undefined && context.init && !isSidecar) {
    errors.push(notSupported(`${path}.restartPolicy`, restarts, ['Always']))
  }
  if (!context.init || isSidecar) {
    errors.push(...validateLifecycle(container.lifecycle, `${path}.lifecycle`), ...validateProbes(container, path))
  } else errors.push(...validateInitOnly(container, path))
  errors.push(...validateSecurity(container, `${path}.securityContext`))
  return errors
}

function validateName(name: string | undefined, path: string, names: Set<string>): FieldError[] {
  if (name === undefined || name === '') return [required(path)]
  const errors: FieldError[] = dnsLabelProblems(name).map((problem) => invalid(path, name, problem))
  if (names.has(name)) errors.push(duplicate(path, name))
  names.add(name)
  return errors
}

function validateInitOnly(container: Container, path: string): FieldError[] {
  const detail = 'may not be set for init containers without restartPolicy=Always'
  const fields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const
  return fields.filter((field) => container[field] !== undefined).map((field) => forbidden(`${path}.${field}`, detail))
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
  if (resourceFieldRef && resourceFieldRef.resource === '') {
    errors.push(required(`${path}.resourceFieldRef.resource`))
  }
  for (const [name, reference] of Object.entries({ configMapKeyRef, secretKeyRef })) {
    if (reference === undefined) continue
    if (reference.key === '') errors.push(required(`${path}.${name}.key`))
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
    if (configMapRef && (configMapRef.name ?? '') === '') errors.push(required(`${at}.configMapRef.name`))
    if (secretRef && (secretRef.name ?? '') === '') errors.push(required(`${at}.secretRef.name`))
    const count = [configMapRef, secretRef].filter((one) => one !== undefined).length
    if (count === 0) errors.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'))
    if (count > 1) errors.push(invalid(at, '', 'may not have more than one field specified at a time'))
    return errors
  })
}

function validateMounts(mounts: readonly VolumeMount[], path: string, volumes: ReadonlySet<string>): FieldError[] {
  const paths = new Set<string>()
  return mounts.flatMap((mount, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if ((mount.name ?? '') === '') errors.push(required(`${at}.name`))
    else if (!volumes.has(mount.name)) errors.push(notFound(`${at}.name`, mount.name))
    if ((mount.mountPath ?? '') === '') errors.push(required(`${at}.mountPath`))
    if (paths.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
    paths.add(mount.mountPath)
    for (const field of ['subPath', 'subPathExpr'] as const) {
      const value = mount[field] ?? ''
      if (value.startsWith('/')) errors.push(invalid(`${at}.${field}`, value, 'must be a relative path'))
      if (value.split('/').includes('..')) errors.push(invalid(`${at}.${field}`, value, "must not contain '..'"))
    }
    if (mount.subPath && mount.subPathExpr) {
      errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
    }
    return errors
  })
}

function validateSecurity({ securityContext }: Container, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['runAsUser', 'runAsGroup'] as const) {
    const id = securityContext?.[field]
    if (id !== undefined && (id < 0 || id > 0x7fffffff)) {
      errors.push(invalid(`${path}.${field}`, id, 'must be between 0 and 2147483647, inclusive'))
    }
  }
  if (securityContext?.allowPrivilegeEscalation === false && securityContext.privileged === true) {
    errors.push(
      invalid(path, securityContext, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
    )
  }
  return errors
}
