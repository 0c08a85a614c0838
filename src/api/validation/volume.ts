import type { KeyToPath, Volume } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { configKeyProblems, dnsLabelProblems } from '../meta/names.ts'
import { compareQuantities } from '../meta/quantity.ts'
import { validateLocalPath } from './local-path.ts'
import { validateResourceField } from './resource-field.ts'
import { validateDriverName } from './storage.ts'

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

/** Faults of a pod's volumes, and the names of those that have none: only they can be mounted. */
export function validateVolumes(
  volumes: readonly Volume[],
  path: string,
): { readonly errors: FieldError[]; readonly sound: ReadonlySet<string> } {
  const sound = new Set<string>()
  const errors = volumes.flatMap((volume, i) => {
    const at = `${path}[${i}]`
    const own = validateSource(volume, at)
    const name = volume.name ?? ''
    if (name === '') own.push(required(`${at}.name`))
    else own.push(...dnsLabelProblems(name).map((problem) => invalid(`${at}.name`, name, problem)))
    if (sound.has(name)) own.push(duplicate(`${at}.name`, name))
    if (own.length === 0) sound.add(name)
    return own
  })
  return { errors, sound }
}

/** Kinds of volumes in the order in which Kubernetes looks for them, under the names by which it forbids a second. */
const SOURCES: readonly (readonly [field: keyof Volume, shown?: string])[] = [
  ['emptyDir'],
  ['hostPath'],
  ['gitRepo'],
  ['gcePersistentDisk'],
  ['awsElasticBlockStore'],
  ['secret'],
  ['nfs'],
  ['iscsi'],
  ['glusterfs'],
  ['flocker'],
  ['persistentVolumeClaim'],
  ['rbd'],
  ['cinder'],
  ['cephfs', 'cephFS'],
  ['quobyte'],
  ['downwardAPI', 'downwarAPI'],
  ['fc'],
  ['flexVolume'],
  ['configMap'],
  ['azureFile'],
  ['vsphereVolume'],
  ['photonPersistentDisk'],
  ['portworxVolume'],
  ['azureDisk'],
  ['storageos'],
  ['projected'],
  ['scaleIO'],
  ['csi'],
  ['ephemeral'],
  ['image'],
]

/** The first source that Kubernetes knows counts; the others are forbidden. */
function validateSource(volume: Volume, path: string): FieldError[] {
  const given = SOURCES.filter(([field]) => volume[field] !== undefined)
  const [first, ...others] = given
  if (first === undefined) return [required(path, 'must specify a volume type')]
  const errors = validateFirst(volume, first[0], path)
  const detail = 'may not specify more than 1 volume type'
  return [...errors, ...others.map(([field, shown = field]) => forbidden(`${path}.${shown}`, detail))]
}

function validateFirst(volume: Volume, source: keyof Volume, path: string): FieldError[] {
  const { hostPath, secret, configMap, persistentVolumeClaim, nfs, projected, emptyDir, csi, downwardAPI } = volume
  const at = `${path}.${source}`
  if (source === 'emptyDir' && emptyDir?.sizeLimit !== undefined && compareQuantities(emptyDir.sizeLimit, 0) < 0) {
    return [forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
  }
  if (source === 'hostPath' && hostPath) return validateHostPath(hostPath, at)
  if (source === 'secret' && secret) {
    const missing = (secret.secretName ?? '') === '' ? [required(`${at}.secretName`)] : []
    return [...missing, ...validateFiles(secret, at)]
  }
  if (source === 'configMap' && configMap) {
    const missing = (configMap.name ?? '') === '' ? [required(`${at}.name`)] : []
    return [...missing, ...validateFiles(configMap, at)]
  }
  if (source === 'persistentVolumeClaim' && persistentVolumeClaim?.claimName === '')
    return [required(`${at}.claimName`)]
  if (source === 'nfs' && nfs) return validateNfs(nfs, at)
  if (source === 'csi' && csi) return validateDriverName(csi.driver ?? '', `${at}.driver`)
  if (source === 'downwardAPI' && downwardAPI) return validateDownward(downwardAPI, at)
  if (source === 'projected' && projected) return validateProjected(projected, at)
  return []
}

export function validateNfs({ server, path: exported }: NonNullable<Volume['nfs']>, path: string): FieldError[] {
  const errors = server === '' ? [required(`${path}.server`)] : []
  if (exported === '') errors.push(required(`${path}.path`))
  if (!exported.startsWith('/')) errors.push(invalid(`${path}.path`, exported, 'must be an absolute path'))
  return errors
}

type Downward = NonNullable<Volume['downwardAPI']>
const VOLUME_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid']

function validateDownward({ defaultMode, items = [] }: Downward, path: string): FieldError[] {
  const errors = validateMode(defaultMode, `${path}.defaultMode`)
  for (const item of items) errors.push(...validateDownwardFile(item, path))
  return errors
}

function validateDownwardFile(item: NonNullable<Downward['items']>[number], path: string): FieldError[] {
  const { path: file = '', fieldRef, resourceFieldRef, mode } = item
  const errors = file === '' ? [required(`${path}.path`)] : validateLocalPath(`${path}.path`, file)
  if (fieldRef !== undefined) {
    const { fieldPath = '' } = fieldRef
    const known = VOLUME_FIELDS.includes(fieldPath) || /^metadata\.(labels|annotations)\['.*'\]$/.test(fieldPath)
    if (fieldPath === '') errors.push(required(`${path}.fieldRef.fieldPath`))
    else if (!known) {
      const detail = `error converting fieldPath: field label not supported: ${fieldPath}`
      errors.push(invalid(`${path}.fieldRef.fieldPath`, fieldPath, detail))
    }
    if (resourceFieldRef !== undefined) {
      errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
    }
  } else if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceField(resourceFieldRef, `${path}.resourceFieldRef`, true))
  } else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'))
  return [...errors, ...validateMode(mode, `${path}.mode`)]
}

type Projected = NonNullable<Volume['projected']>
const SHORTEST_TOKEN_SECONDS = 600

function validateProjected({ defaultMode, sources = [] }: Projected, path: string): FieldError[] {
  const errors = validateMode(defaultMode, `${path}.defaultMode`)
  sources?.forEach((source, i) => {
    const at = `${path}.sources[${i}]`
    const kinds = Object.keys(source)
    if (kinds.length === 0) errors.push(required(at, 'must specify a projection type'))
    const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
    for (const [kind, files] of Object.entries({ secret, configMap })) {
      if (files === undefined) continue
      if ((files.name ?? '') === '') errors.push(required(`${at}.${kind}.name`))
      files.items?.forEach((item, j) => errors.push(...validateItem(item, `${at}.${kind}.items[${j}]`)))
    }
    for (const item of downwardAPI?.items ?? []) errors.push(...validateDownwardFile(item, `${at}.downwardAPI`))
    if (token !== undefined) errors.push(...validateToken(token, `${at}.serviceAccountToken`))
    const detail = 'may not specify more than 1 volume type'
    errors.push(...kinds.slice(1).map((kind) => forbidden(`${at}.${kind}`, detail)))
  })
  return errors
}

type Token = NonNullable<NonNullable<Projected['sources']>[number]['serviceAccountToken']>

function validateToken({ expirationSeconds, path: file = '' }: Token, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (expirationSeconds !== undefined && expirationSeconds < SHORTEST_TOKEN_SECONDS) {
    const detail = 'may not specify a duration less than 10 minutes'
    errors.push(invalid(`${path}.expirationSeconds`, expirationSeconds, detail))
  }
  if (file === '') errors.push(required(`${path}.path`))
  return errors
}

export function validateHostPath(hostPath: NonNullable<Volume['hostPath']>, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (hostPath.path === '') errors.push(required(`${path}.path`))
  if (hostPath.path.split('/').includes('..'))
    errors.push(invalid(`${path}.path`, hostPath.path, "must not contain '..'"))
  const { type = '' } = hostPath
  if (!HOST_PATH_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, HOST_PATH_TYPES))
  return errors
}

interface FileSource {
  readonly defaultMode?: number
  readonly items?: readonly KeyToPath[]
}

function validateFiles({ defaultMode, items = [] }: FileSource, path: string): FieldError[] {
  const errors = validateMode(defaultMode, `${path}.defaultMode`)
  items.forEach((item, i) => errors.push(...validateItem(item, `${path}.items[${i}]`)))
  return errors
}

function validateItem({ key, path: file, mode }: KeyToPath, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (key === '') errors.push(required(`${path}.key`))
  else errors.push(...configKeyProblems(key).map((problem) => invalid(`${path}.key`, key, problem)))
  if (file === '') errors.push(required(`${path}.path`))
  else if (file.startsWith('/')) errors.push(invalid(`${path}.path`, file, 'must be a relative path'))
  else if (file.split('/').includes('..')) errors.push(invalid(`${path}.path`, file, "must not contain '..'"))
  return [...errors, ...validateMode(mode, `${path}.mode`)]
}

function validateMode(mode: number | undefined, path: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return []
  return [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
}
