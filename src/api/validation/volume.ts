import type { KeyToPath, Volume } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { configKeyProblems, dnsLabelProblems } from '../meta/names.ts'

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

export function validateVolumes(volumes: readonly Volume[], path: string): FieldError[] {
  const names = new Set<string>()
  return volumes.flatMap((volume, i) => {
    const at = `${path}[${i}]`
    const errors = validateSource(volume, at)
    const name = volume.name ?? ''
    if (name === '') errors.push(required(`${at}.name`))
    else errors.push(...dnsLabelProblems(name).map((problem) => invalid(`${at}.name`, name, problem)))
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
    return errors
  })
}

/** Kubernetes accepts the first source that it knows, in its own order, and forbids the others. */
function validateSource(volume: Volume, path: string): FieldError[] {
  const sources = Object.keys(volume).filter((key) => key !== 'name')
  if (sources.length === 0) return [required(path, 'must specify a volume type')]
  const [, ...others] = sources
  const errors = others.map((name) => forbidden(`${path}.${name}`, 'may not specify more than 1 volume type'))
  const { hostPath, secret, configMap, persistentVolumeClaim, nfs, projected } = volume
  if (hostPath) errors.push(...validateHostPath(hostPath, `${path}.hostPath`))
  if (secret) {
    if ((secret.secretName ?? '') === '') errors.push(required(`${path}.secret.secretName`))
    errors.push(...validateFiles(secret, `${path}.secret`))
  }
  if (configMap) {
    if ((configMap.name ?? '') === '') errors.push(required(`${path}.configMap.name`))
    errors.push(...validateFiles(configMap, `${path}.configMap`))
  }
  if (persistentVolumeClaim?.claimName === '') errors.push(required(`${path}.persistentVolumeClaim.claimName`))
  if (nfs?.server === '') errors.push(required(`${path}.nfs.server`))
  if (nfs?.path === '') errors.push(required(`${path}.nfs.path`))
  if (projected) errors.push(...validateMode(projected.defaultMode, `${path}.projected.defaultMode`))
  return errors
}

function validateHostPath(hostPath: NonNullable<Volume['hostPath']>, path: string): FieldError[] {
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
