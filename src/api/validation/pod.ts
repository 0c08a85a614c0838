import type { Container, Pod, PodSpec, PodTemplate, PodTemplateSpec } from '../generated/core-v1.ts'
import { DELETION_COST, deletionCostOf } from '../meta/deletion-cost.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { validateAffinity } from './affinity.ts'
import { validateContainer, validateEphemeralContainer, validateInitContainer } from './container.ts'
import { named, validateAnnotations, validateLabels } from './object-meta.ts'
import { validateDns, validateHostAliases } from './pod-dns.ts'
import { validateOverhead } from './resources.ts'
import { validateSpreads, validateTolerations } from './scheduling.ts'
import { validatePodSecurity } from './security-context.ts'
import { validateHostProcesses, validateSystem } from './pod-system.ts'
import { validatePodResources, validateResourceClaims } from './pod-resources.ts'
import { validateVolumes } from './volume.ts'

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never']

export function validatePod(pod: Pod): FieldError[] {
  return validatePodSpec((pod.spec ?? {}) as PodSpec, 'spec', true)
}

/** Ephemeral containers come to pods that are there already. */
export function validatePodCreation({ metadata, spec }: Pod): FieldError[] {
  const some = (spec?.ephemeralContainers ?? []).length > 0
  const late = some ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : []
  return [...validateDeletionCost(metadata.annotations), ...late]
}

/** One that was wrong before may stay. */
export function validateDeletionCost(
  annotations: Pod['metadata']['annotations'],
  old?: typeof annotations,
): FieldError[] {
  if (deletionCostOf(annotations) !== undefined || deletionCostOf(old) === undefined) return []
  return [invalid(`metadata.annotations[${DELETION_COST}]`, annotations?.[DELETION_COST], 'must be a 32bit integer')]
}

/** A template always has a spec to Kubernetes, if one with nothing but defaults. */
const ABSENT_SPEC = { dnsPolicy: 'ClusterFirst', restartPolicy: 'Always' } as unknown as PodSpec

export function validatePodTemplate(template: PodTemplateSpec | undefined, path: string): FieldError[] {
  const errors = validateLabels(template?.metadata?.labels, `${path}.labels`)
  errors.push(...validateAnnotations(template?.metadata?.annotations, `${path}.annotations`))
  errors.push(...validatePodSpec(template?.spec ?? ABSENT_SPEC, `${path}.spec`, false))
  if ((template?.spec?.ephemeralContainers ?? []).length > 0) {
    errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  }
  return errors
}

export const validateTemplateObject = ({ template }: PodTemplate): FieldError[] =>
  validatePodTemplate(template ?? {}, 'template')

/** A pod's spec in the order in which Kubernetes looks at it; `isPod` is false for templates. */
export function validatePodSpec(spec: PodSpec, path: string, isPod: boolean): FieldError[] {
  const volumes = validateVolumes(spec.volumes ?? [], `${path}.volumes`)
  return [
    ...volumes.errors,
    ...validateResourceClaims(spec, path),
    ...validateContainers(spec, path, volumes.sound),
    ...validatePodResources(spec, path),
    ...validateHostPorts(spec, `${path}.containers`, isPod),
    ...validateChoice(spec.restartPolicy, `${path}.restartPolicy`, RESTART_POLICIES),
    ...validateChoice(spec.dnsPolicy, `${path}.dnsPolicy`, DNS_POLICIES),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurity(spec, `${path}.securityContext`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validateDns(spec, `${path}.dnsConfig`),
    ...validateGates(spec, path),
    ...validateSpreads(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
    ...validateHostProcesses(spec, path),
    ...validateHostUsers(spec, path),
    ...validateNames(spec, path),
    ...validateTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...validateHostAliases(spec.hostAliases ?? [], `${path}.hostAliases`),
    ...validateClasses(spec, path),
    ...validateOverhead(spec.overhead, `${path}.overhead`),
    ...validateSystem(spec, path),
  ]
}

function validateContainers(spec: PodSpec, path: string, volumes: ReadonlySet<string>): FieldError[] {
  const context = { volumes, names: new Set<string>(), spec }
  const containers = spec.containers ?? []
  const errors = containers.length === 0 ? [required(`${path}.containers`)] : []
  containers.forEach((one, i) => errors.push(...validateContainer(one, `${path}.containers[${i}]`, context)))
  errors.push(...conflictingHostPorts(containers, `${path}.containers`))
  spec.initContainers?.forEach((one, i) => {
    errors.push(...validateInitContainer(one, `${path}.initContainers[${i}]`, context))
  })
  const targets = new Set(context.names)
  spec.ephemeralContainers?.forEach((one, i) => {
    errors.push(...validateEphemeralContainer(one, `${path}.ephemeralContainers[${i}]`, context, targets))
  })
  return errors
}

function conflictingHostPorts(containers: readonly Container[], path: string): FieldError[] {
  const taken = new Set<string>()
  return containers.flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort = 0, hostIP = '', protocol = '' }, j) => {
      const key = `${protocol}/${hostIP}/${hostPort}`
      if (hostPort === 0) return []
      if (taken.has(key)) return [duplicate(`${path}[${i}].ports[${j}].hostPort`, key)]
      taken.add(key)
      return []
    }),
  )
}

/** A pod on the host's network has its ports there; a template's are filled in when pods are made. */
function validateHostPorts({ hostNetwork, containers = [] }: PodSpec, path: string, isPod: boolean): FieldError[] {
  if (hostNetwork !== true) return []
  const detail = 'must match `containerPort` when `hostNetwork` is true'
  return containers.flatMap(({ ports = [] }, i) =>
    ports.flatMap(({ hostPort = 0, containerPort }, j) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [invalid(`${path}[${i}].ports[${j}].hostPort`, hostPort, detail)]
        : [],
    ),
  )
}

function validateChoice(value: string | undefined, path: string, choices: readonly string[]): FieldError[] {
  if (value === undefined || value === '') return [required(path)]
  return choices.includes(value) ? [] : [notSupported(path, value, choices)]
}

function validateGates({ readinessGates, schedulingGates }: PodSpec, path: string): FieldError[] {
  const errors = (readinessGates ?? []).flatMap(({ conditionType }, i) =>
    named(`${path}.readinessGates[${i}].conditionType`, conditionType, labelKeyProblems(conditionType)),
  )
  const seen = new Set<string>()
  schedulingGates?.forEach(({ name }, i) => {
    const at = `${path}.schedulingGates[${i}]`
    errors.push(...named(at, name, labelKeyProblems(name)))
    if (seen.has(name)) errors.push(duplicate(at, name))
    seen.add(name)
  })
  return errors
}

const LONGEST_DEADLINE = 0x7fffffff

/** Users of a pod's own cannot share the host's namespaces. */
function validateHostUsers(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return []
  const fields = { hostNetwork: 'hostNetwork', hostPID: 'HostPID', hostIPC: 'HostIPC' } as const
  const detail = 'when `hostUsers` is false'
  const shared = Object.entries(fields).filter(([field]) => spec[field as keyof typeof fields] === true)
  const devices = (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap(({ volumeDevices = [] }, i) =>
      volumeDevices.length > 0 ? [forbidden(`${path}.${list}[${i}].volumeDevices`, detail)] : [],
    ),
  )
  return [...shared.map(([, shown]) => forbidden(`${path}.${shown}`, detail)), ...devices]
}

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['serviceAccountName', 'nodeName'] as const) {
    const value = spec[field] ?? ''
    if (value !== '') errors.push(...named(`${path}.${field}`, value, dnsSubdomainProblems(value)))
  }
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined && (deadline < 1 || deadline > LONGEST_DEADLINE)) {
    const detail = `must be between 1 and ${LONGEST_DEADLINE}, inclusive`
    errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, detail))
  }
  for (const field of ['hostname', 'subdomain'] as const) {
    const value = spec[field] ?? ''
    if (value !== '') errors.push(...named(`${path}.${field}`, value, dnsLabelProblems(value)))
  }
  return errors
}

function validateClasses(spec: PodSpec, path: string): FieldError[] {
  const { priorityClassName = '', runtimeClassName, preemptionPolicy } = spec
  const errors: FieldError[] = []
  if (priorityClassName !== '') {
    errors.push(...named(`${path}.priorityClassName`, priorityClassName, dnsSubdomainProblems(priorityClassName)))
  }
  if (runtimeClassName !== undefined) {
    errors.push(...named(`${path}.runtimeClassName`, runtimeClassName, dnsSubdomainProblems(runtimeClassName)))
  }
  if (preemptionPolicy === undefined) return errors
  return [...errors, ...validateChoice(preemptionPolicy, `${path}.preemptionPolicy`, PREEMPTION_POLICIES)]
}
