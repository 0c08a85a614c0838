import type { PersistentVolume, PersistentVolumeSpec, SecretReference } from '../generated/core-v1.ts'
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems } from '../meta/names.ts'
import { compareQuantities, wholeOf } from '../meta/quantity.ts'
import { validateNodeSelector } from './affinity.ts'
import { goForm } from './go-form.ts'
import { named } from './object-meta.ts'
import { validateDriverName } from './storage.ts'
import { validateHostPath, validateNfs } from './volume.ts'

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']
const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain']
const VOLUME_MODES = ['Block', 'Filesystem']

export function validateVolume({ spec = {} }: PersistentVolume): FieldError[] {
  const { persistentVolumeReclaimPolicy: policy = '', nodeAffinity, storageClassName = '', volumeMode } = spec
  const errors = [...validateAccess(spec), ...validateCapacity(spec)]
  if (policy !== '' && !RECLAIM_POLICIES.includes(policy)) {
    errors.push(notSupported('spec.persistentVolumeReclaimPolicy', policy, RECLAIM_POLICIES))
  }
  if (nodeAffinity !== undefined) {
    const at = 'spec.nodeAffinity.required'
    if (nodeAffinity.required !== undefined) errors.push(...validateNodeSelector(nodeAffinity.required, at))
    else errors.push(required(at, 'must specify required node constraints'))
  }
  errors.push(...validateSources(spec))
  if (spec.hostPath?.path === '/' && policy === 'Recycle') {
    errors.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"))
  }
  const problems = storageClassName === '' ? [] : dnsSubdomainProblems(storageClassName)
  errors.push(...named('spec.storageClassName', storageClassName, problems))
  if (volumeMode !== undefined && !VOLUME_MODES.includes(volumeMode)) {
    errors.push(notSupported('spec.volumeMode', volumeMode, VOLUME_MODES))
  }
  return [...errors, ...validateAttributesClass(spec)]
}

function validateAttributesClass({ volumeAttributesClassName: name, csi }: PersistentVolumeSpec): FieldError[] {
  const path = 'spec.volumeAttributesClassName'
  if (name === undefined) return []
  const errors =
    name === '' ? [required(path, 'an empty string is disallowed')] : named(path, name, dnsSubdomainProblems(name))
  if (csi !== undefined) return errors
  return [...errors, required('spec.csi', 'has to be specified when using volumeAttributesClassName')]
}

function validateAccess({ accessModes = [] }: PersistentVolumeSpec): FieldError[] {
  const path = 'spec.accessModes'
  const errors = accessModes.length === 0 ? [required(path)] : []
  const unknown = accessModes.filter((mode) => !ACCESS_MODES.includes(mode))
  errors.push(...unknown.map((mode) => notSupported(path, mode, ACCESS_MODES)))
  const known = new Set(accessModes.filter((mode) => ACCESS_MODES.includes(mode)))
  if (known.size < 2 || !known.has('ReadWriteOncePod')) return errors
  return [...errors, forbidden(path, 'may not use ReadWriteOncePod with other access modes')]
}

function validateCapacity({ capacity = {} }: PersistentVolumeSpec): FieldError[] {
  const path = 'spec.capacity'
  const names = Object.keys(capacity)
  const errors = names.length === 0 ? [required(path)] : []
  if (!names.includes('storage') || names.length > 1) {
    const shown = names.length === 0 ? null : goForm('map[string]string', capacity)
    errors.push(notSupported(path, shown, ['storage']))
  }
  for (const [name, amount] of Object.entries(capacity)) {
    if (compareQuantities(amount, 0) < 0) {
      errors.push(invalid(`${path}[${name}]`, wholeOf(amount), 'must be a valid resource quantity'))
    }
    if (compareQuantities(amount, 0) <= 0) {
      errors.push(invalid(`${path}[${name}]`, String(amount), 'must be greater than zero'))
    }
  }
  return errors
}

type Source = Exclude<keyof PersistentVolumeSpec, (typeof NOT_SOURCES)[number]>
const NOT_SOURCES = [
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
] as const

/** In the order in which Kubernetes looks for them: under which name a second is forbidden, what the first must have. */
const SOURCES: readonly (readonly [source: Source, shown: string, needed: readonly string[]])[] = [
  ['hostPath', 'hostPath', []],
  ['gcePersistentDisk', 'gcePersistentDisk', ['pdName']],
  ['awsElasticBlockStore', 'awsElasticBlockStore', ['volumeID']],
  ['glusterfs', 'glusterfs', ['endpoints', 'path']],
  ['flocker', 'flocker', []],
  ['nfs', 'nfs', []],
  ['rbd', 'rbd', ['monitors', 'image']],
  ['quobyte', 'quobyte', ['volume']],
  ['cephfs', 'cephFS', ['monitors']],
  ['iscsi', 'iscsi', ['targetPortal', 'iqn']],
  ['cinder', 'cinder', ['volumeID']],
  ['fc', 'fc', []],
  ['flexVolume', 'flexVolume', ['driver']],
  ['azureFile', 'azureFile', ['secretName', 'shareName']],
  ['vsphereVolume', 'vsphereVolume', ['volumePath']],
  ['photonPersistentDisk', 'photonPersistentDisk', ['pdID']],
  ['portworxVolume', 'portworxVolume', ['volumeID']],
  ['azureDisk', 'azureDisk', ['diskName', 'diskURI']],
  ['scaleIO', 'scaleIO', ['gateway', 'system', 'volumeName']],
  ['local', 'local', []],
  ['storageos', 'storageos', ['volumeName']],
  ['csi', 'csi', []],
]

function validateSources(spec: PersistentVolumeSpec): FieldError[] {
  const given = SOURCES.filter(([source]) => spec[source] !== undefined)
  if (given.length === 0) return [required('spec', 'must specify a volume type')]
  let count = 0
  return given.flatMap(([source, shown, needed]) => {
    // A flex volume is looked at beside any other.
    if (count > 0 && source !== 'flexVolume') {
      return [forbidden(`spec.${shown}`, 'may not specify more than 1 volume type')]
    }
    count++
    const fields = spec[source] as Readonly<Record<string, unknown>>
    // Kubernetes looks for what is wrong with a disk of Google under another name than it has.
    const at = `spec.${source === 'gcePersistentDisk' ? 'persistentDisk' : source}`
    const isEmpty = (field: string) =>
      fields[field] === undefined || (fields[field] as { length?: number }).length === 0
    const missing = needed.filter(isEmpty).map((field) => required(`${at}.${field}`))
    return [...missing, ...validateSource(spec, source, at)]
  })
}

function validateSource(spec: PersistentVolumeSpec, source: Source, path: string): FieldError[] {
  const { hostPath, nfs, csi, local, nodeAffinity } = spec
  if (source === 'hostPath' && hostPath) return validateHostPath(hostPath, path)
  if (source === 'nfs' && nfs) return validateNfs(nfs, path)
  if (source === 'csi' && csi) return validateCsi(csi, path)
  if (source !== 'local' || !local) return []
  const errors = local.path === '' ? [required(`${path}.path`)] : validateNoBacksteps(`${path}.path`, local.path)
  return nodeAffinity === undefined
    ? [...errors, required('spec.nodeAffinity', 'Local volume requires node affinity')]
    : errors
}

const validateNoBacksteps = (path: string, value: string): FieldError[] =>
  value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : []

function validateCsi(csi: NonNullable<PersistentVolumeSpec['csi']>, path: string): FieldError[] {
  const errors = validateDriverName(csi.driver, `${path}.driver`)
  if (csi.volumeHandle === '') errors.push(required(`${path}.volumeHandle`))
  const secrets = [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const
  return [...errors, ...secrets.flatMap((field) => validateSecret(csi[field], `${path}.${field}`))]
}

function validateSecret(reference: SecretReference | undefined, path: string): FieldError[] {
  if (reference === undefined) return []
  const { name = '', namespace = '' } = reference
  const own = name === '' ? [required(`${path}.name`)] : named(`${path}.name`, name, dnsSubdomainProblems(name))
  if (namespace === '') return [...own, required(`${path}.namespace`)]
  return [...own, ...named(`${path}.namespace`, namespace, dnsLabelProblems(namespace))]
}
