import type { Container, Pod, PodSpec, PodTemplateSpec } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { validateContainer } from './container.ts'
import { nonNegative } from './numbers.ts'
import { validateAnnotations, validateLabels } from './object-meta.ts'
import { validateScheduling } from './scheduling.ts'
import { validateVolumes } from './volume.ts'

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']

export function validatePod(pod: Pod): FieldError[] {
  return validatePodSpec(pod.spec as PodSpec, 'spec')
}

export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  const errors = validateLabels(template?.metadata?.labels, `${path}.labels`)
  errors.push(...validateAnnotations(template?.metadata?.annotations, `${path}.annotations`))
  if (template?.spec !== undefined) errors.push(...validatePodSpec(template.spec, `${path}.spec`))
  return errors
}

export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const errors = validateVolumes(spec.volumes ?? [], `${path}.volumes`)
  const volumes = new Set((spec.volumes ?? []).map((volume) => volume.name))
  const names = new Set<string>()
  const containers = spec.containers ?? []
  if (containers.length === 0) errors.push(required(`${path}.containers`))
  const check = (list: readonly Container[], field: string, init: boolean) =>
    list.flatMap((one, i) => validateContainer(one, `${path}.${field}[${i}]`, { volumes, names, init }))
  errors.push(...check(containers, 'containers', false))
  errors.push(...check(spec.initContainers ?? [], 'initContainers', true))
  errors.push(...validatePolicies(spec, path))
  errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`))
  errors.push(...validateSecurity(spec, path))
  errors.push(...validateScheduling(spec, path))
  errors.push(...validateReferences(spec, path))
  return errors
}

function validatePolicies({ restartPolicy = '', dnsPolicy = '' }: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (restartPolicy === '') errors.push(required(`${path}.restartPolicy`))
  else if (!RESTART_POLICIES.includes(restartPolicy)) {
    errors.push(notSupported(`${path}.restartPolicy`, restartPolicy, RESTART_POLICIES))
  }
  if (dnsPolicy === '') errors.push(required(`${path}.dnsPolicy`))
  else if (!DNS_POLICIES.includes(dnsPolicy)) {
    errors.push(
      notSupported(`${path}.dnsPolicy`, dnsPolicy, ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None']),
    )
  }
  return errors
}

function validateSecurity(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const context = spec.securityContext
  for (const field of ['fsGroup', 'runAsUser', 'runAsGroup'] as const) {
    const id = context?.[field]
    if (id !== undefined && (id < 0 || id > 0x7fffffff)) {
      errors.push(invalid(`${path}.securityContext.${field}`, id, 'must be between 0 and 2147483647, inclusive'))
    }
  }
  if (spec.hostPID === true && spec.shareProcessNamespace === true) {
    const detail = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(invalid(`${path}.securityContext.shareProcessNamespace`, true, detail))
  }
  if (spec.hostNetwork === true) errors.push(...validateHostPorts(spec.containers ?? [], `${path}.containers`))
  return errors
}

function validateHostPorts(containers: readonly Container[], path: string): FieldError[] {
  return containers.flatMap(({ ports = [] }, i) =>
    ports
      .filter((port) => port.hostPort !== port.containerPort)
      .map((port) =>
        invalid(
          `${path}[${i}].ports[${ports.indexOf(port)}].hostPort`,
          port.hostPort ?? 0,
          'must match `containerPort` when `hostNetwork` is true',
        ),
      ),
  )
}

function validateReferences(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const subdomains = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const
  for (const field of subdomains) {
    const value = spec[field] ?? ''
    if (value !== '')
      errors.push(...dnsSubdomainProblems(value).map((problem) => invalid(`${path}.${field}`, value, problem)))
  }
  for (const field of ['hostname', 'subdomain'] as const) {
    const value = spec[field] ?? ''
    if (value !== '')
      errors.push(...dnsLabelProblems(value).map((problem) => invalid(`${path}.${field}`, value, problem)))
  }
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && (deadline < 1 || deadline > 0x7fffffff)) {
    errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive'))
  }
  const gates = new Set<string>()
  ;(spec.schedulingGates ?? []).forEach(({ name }, i) => {
    const at = `${path}.schedulingGates[${i}]`
    errors.push(...labelKeyProblems(name).map((problem) => invalid(at, name, problem)))
    if (gates.has(name)) errors.push(duplicate(at, name))
    gates.add(name)
  })
  return errors
}

const MUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** A pod's spec is settled when it is made, but for its images and a few numbers; gated pods may be moved too. */
export function validatePodUpdate(pod: Pod, old: Pod, subresource?: string): FieldError[] {
  if (subresource === 'status') return []
  const [spec, oldSpec] = [pod.spec as PodSpec, old.spec as PodSpec]
  if ((spec.containers ?? []).length !== oldSpec.containers.length) {
    return [forbidden('spec.containers', 'pod updates may not add or remove containers')]
  }
  const errors = validateDeadline(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds)
  if (!tolerationsOnlyAdded(spec, oldSpec)) {
    errors.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'))
  }
  if (subresource !== undefined) return errors
  if (!semanticallyEqual(fixedParts(spec, oldSpec), fixedParts(oldSpec, oldSpec)))
    errors.push(forbidden('spec', MUTABLE))
  return errors
}

function validateDeadline(deadline: number | undefined, old: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (deadline === undefined) {
    return old === undefined ? [] : [invalid(path, deadline, 'must not update from a positive integer to nil value')]
  }
  if (old !== undefined && deadline > old) {
    return [invalid(path, deadline, 'must be less than or equal to previous value')]
  }
  return nonNegative(path, deadline)
}

function tolerationsOnlyAdded(spec: PodSpec, old: PodSpec): boolean {
  const known = (spec.tolerations ?? []).map((one) => omit(one, 'tolerationSeconds'))
  return (old.tolerations ?? []).every((old) =>
    known.some((toleration) => semanticallyEqual(toleration, omit(old, 'tolerationSeconds'))),
  )
}

/** The spec without what an update may change. */
function fixedParts(spec: PodSpec, old: PodSpec): unknown {
  const withoutImages = (list: readonly Container[] | undefined) => list?.map((one) => omit(one, 'image'))
  const gated = (old.schedulingGates ?? []).length > 0
  const { tolerations: _t, activeDeadlineSeconds: _a, schedulingGates: _s, ...rest } = spec
  const { nodeSelector: _n, affinity: _f, ...whenGated } = rest
  const grace = (old.terminationGracePeriodSeconds ?? 0) < 0 ? undefined : rest.terminationGracePeriodSeconds
  return {
    ...(gated ? whenGated : rest),
    terminationGracePeriodSeconds: grace,
    containers: withoutImages(spec.containers),
    initContainers: withoutImages(spec.initContainers),
  }
}

function omit<T extends object>(object: T, field: keyof T): Partial<T> {
  const rest: Partial<T> = { ...object }
  delete rest[field]
  return rest
}
