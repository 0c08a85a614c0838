import { goForm, unlessSameForm } from './go-form.ts'
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../generated/storage-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { compareQuantities } from '../meta/quantity.ts'
import { unlessSameSelector, validateLabelSelector } from './label-selector.ts'
import { nonNegative } from './numbers.ts'
import { immutable, named, unlessSame } from './object-meta.ts'

const RECLAIM_POLICIES = ['Delete', 'Retain']
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer']

export function validateStorageClass(one: StorageClass): FieldError[] {
  const { provisioner = '', parameters, reclaimPolicy, volumeBindingMode, allowedTopologies = [] } = one
  const errors = validateProvisioner(provisioner, 'provisioner')
  errors.push(...validateParameters(parameters))
  if (reclaimPolicy && !RECLAIM_POLICIES.includes(reclaimPolicy)) {
    errors.push(notSupported('reclaimPolicy', reclaimPolicy, RECLAIM_POLICIES))
  }
  if (volumeBindingMode === undefined) errors.push(required('volumeBindingMode'))
  else if (!BINDING_MODES.includes(volumeBindingMode)) {
    errors.push(notSupported('volumeBindingMode', volumeBindingMode, BINDING_MODES))
  }
  allowedTopologies.forEach(({ matchLabelExpressions = [] }, i) => {
    const path = `allowedTopologies[${i}].matchLabelExpressions`
    errors.push(...validateTopology(matchLabelExpressions, path))
    for (let n = 0; n < timesSeen(allowedTopologies, i); n++) errors.push(duplicate(path, ''))
  })
  return errors
}

/**
 * With how many terms before it a term is the same, whatever the order of their values. Kubernetes' list of those it has
 * seen starts with as many empty ones as there are terms.
 */
function timesSeen(terms: NonNullable<StorageClass['allowedTopologies']>, i: number): number {
  const textOf = ({ matchLabelExpressions = [] }: (typeof terms)[number]) =>
    JSON.stringify(
      matchLabelExpressions
        .map(({ key, values }) => [key, [...new Set(values)].toSorted()] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    )
  const own = textOf(terms[i] ?? {})
  const before = terms.slice(0, i).filter((term) => textOf(term) === own).length
  return own === '[]' ? terms.length + before : before
}

type Topology = NonNullable<NonNullable<StorageClass['allowedTopologies']>[number]['matchLabelExpressions']>

function validateTopology(expressions: Topology, path: string): FieldError[] {
  const keys = new Set<string>()
  return expressions.flatMap(({ key, values }, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    const list = values ?? []
    if (list.length === 0) errors.push(required(`${at}.values`))
    list.forEach((value, j) => {
      if (list.indexOf(value) < j) errors.push(duplicate(`${at}.values[${j}]`, value))
    })
    errors.push(...named(`${at}.key`, key, labelKeyProblems(key)))
    if (keys.has(key)) errors.push(duplicate(`${at}.key`, key))
    keys.add(key)
    return errors
  })
}

function validateProvisioner(value: string, path: string): FieldError[] {
  return value === '' ? [required(path)] : named(path, value.toLowerCase(), labelKeyProblems(value.toLowerCase()))
}

const PARAMETERS_COUNT = 512
const PARAMETERS_BYTES = 256 * 1024

function validateParameters(parameters: Readonly<Record<string, string>> | undefined, needed = false): FieldError[] {
  const entries = Object.entries(parameters ?? {})
  if (entries.length > PARAMETERS_COUNT) return [tooLong('parameters', PARAMETERS_COUNT)]
  const empty = entries.filter(([key]) => key === '')
  const errors = empty.map(([key]) => invalid('parameters', key, 'field can not be empty.'))
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (size > PARAMETERS_BYTES) errors.push(tooLong('parameters', PARAMETERS_BYTES))
  if (needed && entries.length === 0) errors.push(required('parameters', 'must contain at least one key/value pair'))
  return errors
}

export function validateStorageClassUpdate(one: StorageClass, old: StorageClass): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
    const same = JSON.stringify(one[field] ?? {}) === JSON.stringify(old[field] ?? {})
    if (!same) errors.push(forbidden(field, `updates to ${field} are forbidden.`))
  }
  return [...errors, ...unlessSame('volumeBindingMode', one.volumeBindingMode, old.volumeBindingMode)]
}

export function validateVolumeAttributesClass(one: VolumeAttributesClass): FieldError[] {
  return [...validateProvisioner(one.driverName ?? '', 'driverName'), ...validateParameters(one.parameters, true)]
}

export function validateVolumeAttributesClassUpdate(
  one: VolumeAttributesClass,
  old: VolumeAttributesClass,
): FieldError[] {
  const errors: FieldError[] = []
  if (one.driverName !== old.driverName) errors.push(forbidden('driverName', 'updates to driverName are forbidden.'))
  if (semanticallyEqual(one.parameters, old.parameters)) return errors
  return [...errors, forbidden('parameters', 'updates to parameters are forbidden.')]
}

const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

export function validateVolumeAttachment({ spec }: VolumeAttachment): FieldError[] {
  const { attacher = '', nodeName = '', source = {} } = spec ?? {}
  const errors = attacher === '' ? [required('spec.attacher')] : []
  const { persistentVolumeName: volume, inlineVolumeSpec: inline } = source
  if (inline === undefined && volume === undefined) errors.push(required('spec.source', ONE_SOURCE))
  else if (inline !== undefined && volume !== undefined) errors.push(forbidden('spec.source', ONE_SOURCE))
  else if (volume === '') {
    errors.push(required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName'))
  }
  return [...errors, ...named('spec.nodeName', nodeName, dnsSubdomainProblems(nodeName))]
}

/** Of new ones alone. */
export function validateVolumeAttachmentCreation({ spec }: VolumeAttachment): FieldError[] {
  const errors = validateDriverName(spec?.attacher ?? '', 'spec.attacher')
  const volume = spec?.source?.persistentVolumeName
  if (volume === undefined) return errors
  return [...errors, ...named('spec.source.persistentVolumeName', volume, dnsSubdomainProblems(volume))]
}

export function validateVolumeAttachmentUpdate(one: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  return semanticallyEqual(one.spec, old.spec)
    ? []
    : [immutable('spec', goForm('storage.VolumeAttachmentSpec', one.spec))]
}

const DRIVER_NAME_LENGTH = 63

export function validateDriverName(name: string, path: string): FieldError[] {
  const errors = name === '' ? [required(path)] : []
  if (name.length > DRIVER_NAME_LENGTH) errors.push(tooLong(path, DRIVER_NAME_LENGTH))
  return [...errors, ...named(path, name, dnsSubdomainProblems(name.toLowerCase()))]
}

const NODE_ID_LENGTH = 256

export function validateCsiNode({ spec }: CSINode): FieldError[] {
  const names = new Set<string>()
  return (spec?.drivers ?? []).flatMap(({ name, nodeID, allocatable, topologyKeys = [] }, i) => {
    const path = `spec.drivers[${i}]`
    const errors = validateDriverName(name, `${path}.name`)
    if (nodeID === '') errors.push(required(`${path}.nodeID`))
    if (nodeID.length > NODE_ID_LENGTH) {
      errors.push(invalid(`${path}.nodeID`, nodeID, `must be ${NODE_ID_LENGTH} characters or less`))
    }
    errors.push(...nonNegative(`${path}.allocatable.count`, allocatable?.count))
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name))
    names.add(name)
    for (const [j, key] of (topologyKeys ?? []).entries()) {
      if (key === '') errors.push(required(path))
      if ((topologyKeys ?? []).indexOf(key) < j) errors.push(duplicate(path, key))
      errors.push(...named(path, key, labelKeyProblems(key)))
    }
    return errors
  })
}

export function validateCsiNodeUpdate(one: CSINode, old: CSINode): FieldError[] {
  return (old.spec?.drivers ?? []).flatMap((before) =>
    (one.spec?.drivers ?? [])
      .filter(({ name }) => name === before.name)
      .flatMap((driver) => unlessSameForm('spec.drivers', 'storage.CSINodeDriver', driver, before)),
  )
}

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType']
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral']
const SHORTEST_TOKEN_SECONDS = 600
const SHORTEST_PERIOD_SECONDS = 10

export function validateCsiDriver({ spec }: CSIDriver): FieldError[] {
  const { fsGroupPolicy, tokenRequests, volumeLifecycleModes, nodeAllocatableUpdatePeriodSeconds: period } = spec
  const errors: FieldError[] = []
  if (fsGroupPolicy !== undefined && !GROUP_POLICIES.includes(fsGroupPolicy)) {
    errors.push(notSupported('spec.fsGroupPolicy', fsGroupPolicy, GROUP_POLICIES))
  }
  const audiences = new Set<string>()
  tokenRequests?.forEach(({ audience, expirationSeconds }, i) => {
    const path = `spec.tokenRequests[${i}]`
    if (audiences.has(audience)) return void errors.push(duplicate(`${path}.audience`, audience))
    audiences.add(audience)
    if (expirationSeconds === undefined || expirationSeconds >= SHORTEST_TOKEN_SECONDS) return
    const detail = 'may not specify a duration less than 10 minutes'
    errors.push(invalid(`${path}.expirationSeconds`, expirationSeconds, detail))
  })
  for (const mode of volumeLifecycleModes ?? []) {
    if (!LIFECYCLE_MODES.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES))
  }
  if (period !== undefined && period < SHORTEST_PERIOD_SECONDS) {
    const detail = 'must be greater than or equal to 10 seconds'
    errors.push(invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, detail))
  }
  return errors
}

export function validateCsiDriverUpdate({ spec }: CSIDriver, old: CSIDriver): FieldError[] {
  return [
    ...unlessSame('spec.attachedRequired', spec.attachRequired, old.spec.attachRequired),
    ...unlessSame('spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.spec.volumeLifecycleModes),
  ]
}

export function validateStorageCapacity({ nodeTopology, storageClassName = '', capacity }: CSIStorageCapacity) {
  const errors = validateLabelSelector(nodeTopology, 'nodeTopology')
  errors.push(...named('storageClassName', storageClassName, dnsSubdomainProblems(storageClassName)))
  if (capacity !== undefined && compareQuantities(capacity, 0) < 0) {
    errors.push(invalid('capacity', capacity, 'must be greater than or equal to 0'))
  }
  return errors
}

export function validateStorageCapacityUpdate(one: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  return [
    ...unlessSameSelector('nodeTopology', one.nodeTopology, old.nodeTopology),
    ...unlessSame('storageClassName', one.storageClassName, old.storageClassName),
  ]
}
