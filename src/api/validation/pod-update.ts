import type { Container, Pod, PodSpec } from '../generated/core-v1.ts'
import { forbidden, invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { qosClassOf } from '../strategy/qos-class.ts'
import { goDiff } from './go-form.ts'
import { validateDeletionCost, validatePod } from './pod.ts'
import { validateTolerations } from './scheduling.ts'

const MUTABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** A pod's spec is settled when it is made, but for its images and a few numbers; gated pods may be moved too. */
export function validatePodUpdate(pod: Pod, old: Pod, subresource?: string): FieldError[] {
  if (subresource === 'status') return []
  const [spec, oldSpec] = [pod.spec as PodSpec, old.spec as PodSpec]
  const errors = validateDeletionCost(pod.metadata.annotations, old.metadata.annotations)
  for (const field of ['containers', 'initContainers'] as const) {
    const [now, before] = [spec[field] ?? [], oldSpec[field] ?? []]
    if (now.length !== before.length) {
      if (subresource === 'resize') return [...validateResize(pod, old), forbidden(`spec.${field}`, RESIZE_KEEPS)]
      return [...errors, forbidden(`spec.${field}`, 'pod updates may not add or remove containers')]
    }
    errors.push(...now.flatMap(({ image = '' }, i) => validateImage(image, `spec.${field}[${i}].image`)))
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds)
  errors.push(...deadline)
  // A deadline that is given wrongly is the last that is looked at.
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return errors
  if (!tolerationsOnlyAdded(spec, oldSpec)) {
    errors.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'))
  } else errors.push(...validateTolerations(spec.tolerations ?? [], 'spec.tolerations'))
  errors.push(...validateNewGates(spec, oldSpec))
  if (subresource === 'ephemeralcontainers') return [...validatePod(pod), ...validateEphemeral(spec, oldSpec)]
  if (subresource === 'resize') return [...errors, ...validateResize(pod, old)]
  if (subresource !== undefined) return errors
  if (!semanticallyEqual(fixedParts(spec, oldSpec), fixedParts(oldSpec, oldSpec)))
    errors.push(forbidden('spec', `${MUTABLE}\n${goDiff('core.PodSpec', oldSpec, munged(spec, oldSpec))}`))
  return errors
}

function validateImage(image: string, path: string): FieldError[] {
  if (image === '') return [required(path)]
  return image.trim() === image ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')]
}

const LONGEST_SECONDS = 2_147_483_647

/** Gates are taken away, one by one; none comes to a pod that is there. */
function validateNewGates({ schedulingGates = [] }: PodSpec, old: PodSpec): FieldError[] {
  const had = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  return schedulingGates.flatMap(({ name }, i) => {
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`
    return had.has(name) ? [] : [forbidden(`spec.schedulingGates[${i}].name`, detail)]
  })
}

/** Containers for a look inside come, and stay as they came. */
function validateEphemeral(spec: PodSpec, old: PodSpec): FieldError[] {
  const path = 'spec.ephemeralContainers'
  return (old.ephemeralContainers ?? []).flatMap((before) => {
    const now = spec.ephemeralContainers?.find(({ name }) => name === before.name)
    const which = `existing ephemeral containers ${JSON.stringify(before.name)} may not be`
    if (now === undefined) return [forbidden(path, `${which} removed\n`)]
    if (semanticallyEqual(now, before)) return []
    return [forbidden(path, `${which} changed\n${goDiff('core.EphemeralContainer', before, now)}`)]
  })
}

/** Requests and limits of CPU and memory may change, as long as the pod's class stays what it is. */
function validateResize(pod: Pod, old: Pod): FieldError[] {
  const [spec, oldSpec] = [pod.spec as PodSpec, old.spec as PodSpec]
  const errors = containersOf(spec).flatMap(([path, container]) => {
    const before = containersOf(oldSpec).find(([at]) => at === path)?.[1]
    const isMovable = semanticallyEqual(fixedResources(container), fixedResources(before))
    return isMovable ? [] : [forbidden(`${path}.resources`, 'only cpu and memory resources are mutable')]
  })
  const [qos, oldQos] = [qosClassOf(spec), qosClassOf(oldSpec)]
  if (!mayBeResized(old)) errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  if (qos !== oldQos) errors.push(invalid('spec', oldQos, 'Pod QOS Class may not change as a result of resizing'))
  return errors
}

const RESIZE_KEEPS = 'containers may not be added or removed on resize'

/** Whether its node tells what containers have been given; of a pod that does not run yet nobody can say. */
function mayBeResized({ status }: Pod): boolean {
  const running = status?.containerStatuses?.find(({ state }) => state?.running !== undefined)
  return running === undefined || running.resources !== undefined
}

function containersOf(spec: PodSpec): readonly (readonly [string, Container])[] {
  const at = (field: 'containers' | 'initContainers') =>
    (spec[field] ?? []).map((container, index) => [`spec.${field}[${index}]`, container] as const)
  return [...at('containers'), ...at('initContainers')]
}

function fixedResources(container: Container | undefined): unknown {
  const fixed = (map: Readonly<Record<string, unknown>> = {}) =>
    Object.fromEntries(Object.entries(map).filter(([name]) => name !== 'cpu' && name !== 'memory'))
  return { limits: fixed(container?.resources?.limits), requests: fixed(container?.resources?.requests) }
}

function validateDeadline(deadline: number | undefined, old: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds'
  if (deadline === undefined) {
    return old === undefined ? [] : [invalid(path, deadline, 'must not update from a positive integer to nil value')]
  }
  if (deadline < 0 || deadline > LONGEST_SECONDS) {
    return [invalid(path, deadline, `must be between 0 and ${LONGEST_SECONDS}, inclusive`)]
  }
  return old !== undefined && deadline > old
    ? [invalid(path, deadline, 'must be less than or equal to previous value')]
    : []
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

/** The new spec with all that may change put back: the rest of what differs is what is wrong. */
function munged(spec: PodSpec, old: PodSpec): unknown {
  const withImages = (list: readonly Container[] = [], before: readonly Container[] = []) =>
    list.map((one, i) => ({ ...one, image: before[i]?.image }))
  const { tolerations, activeDeadlineSeconds } = old
  return {
    ...spec,
    tolerations,
    activeDeadlineSeconds,
    containers: withImages(spec.containers, old.containers),
    initContainers: spec.initContainers && withImages(spec.initContainers, old.initContainers),
  }
}

function omit<T extends object>(object: T, field: keyof T): Partial<T> {
  const rest: Partial<T> = { ...object }
  delete rest[field]
  return rest
}
