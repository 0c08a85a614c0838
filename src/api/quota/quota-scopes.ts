import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from '../generated/core-v1.ts'
import type { KubeObject } from '../object.ts'
import { qosClassOf } from '../strategy/qos-class.ts'

/** Whether a quota counts an object: one with scopes counts pods and claims only, those that are in all of them. */
export function isInScope({ spec }: ResourceQuota, storage: string, object: KubeObject): boolean {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }))
  const requirements = [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])]
  if (requirements.length === 0) return true
  if (storage === 'persistentvolumeclaims') return requirements.every((one) => hasClass(one, object))
  return storage === 'pods' && requirements.every((one) => isIn(one, object as Pod))
}

/** A claim is of the class that it wants, of the one that it has, and of the one that it is being moved to. */
function hasClass({ scopeName, operator, values }: ScopedResourceSelectorRequirement, object: KubeObject): boolean {
  if (scopeName !== 'VolumeAttributesClass') return false
  const { spec, status } = object as PersistentVolumeClaim
  const wanted = status?.modifyVolumeStatus?.targetVolumeAttributesClassName
  const classes = [spec?.volumeAttributesClassName, status?.currentVolumeAttributesClassName, wanted]
  const named = classes.filter((name) => name !== undefined && name !== '')
  if (named.length === 0) return hasValue(undefined, operator, values ?? [])
  return named.some((name) => hasValue(name, operator, values ?? []))
}

function isIn({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (scopeName) {
    case 'Terminating':
      return pod.spec?.activeDeadlineSeconds !== undefined
    case 'NotTerminating':
      return pod.spec?.activeDeadlineSeconds === undefined
    case 'BestEffort':
      return isBestEffort(pod)
    case 'NotBestEffort':
      return !isBestEffort(pod)
    case 'PriorityClass':
      return hasValue(pod.spec?.priorityClassName, operator, values)
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod)
    default:
      return false
  }
}

const isBestEffort = ({ spec }: Pod) => spec !== undefined && qosClassOf(spec) === 'BestEffort'

function hasValue(value: string | undefined, operator: string, values: readonly string[]): boolean {
  const known = value !== undefined && value !== ''
  if (operator === 'In') return known && values.includes(value)
  if (operator === 'NotIn') return !known || !values.includes(value)
  return operator === 'DoesNotExist' ? !known : known
}

function crossesNamespaces({ spec }: Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {}
  return [podAffinity, podAntiAffinity].some((one) => {
    const preferred = one?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    const terms = [
      ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...preferred.map((p) => p.podAffinityTerm),
    ]
    return terms.some((term) => (term.namespaces ?? []).length > 0 || term.namespaceSelector !== undefined)
  })
}
