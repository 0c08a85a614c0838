import type { Container, PodSpec, VolumeMount } from '../generated/core-v1.ts'
import { forbidden, invalid, notFound, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { validateLocalPath } from './local-path.ts'

/** Where a container sees its pod's volumes. Faults of some fields name the list rather than the mount, as Kubernetes does. */
export function validateMounts(container: Container, path: string, volumes: ReadonlySet<string>): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container
  const list = `${path}.volumeMounts`
  const paths = new Set<string>()
  return volumeMounts.flatMap((mount, i) => {
    const at = `${list}[${i}]`
    const { name = '', mountPath = '' } = mount
    const errors: FieldError[] = name === '' ? [required(`${at}.name`)] : []
    if (!volumes.has(name)) errors.push(notFound(`${at}.name`, name))
    if (mountPath === '') errors.push(required(`${at}.mountPath`))
    if (paths.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    if (volumeDevices.some((one) => one.name === name)) {
      errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeDevices'))
    }
    if (volumeDevices.some((one) => one.devicePath === mountPath)) {
      errors.push(invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    }
    return [...errors, ...validateSubPaths(mount, list, at), ...validateModes(mount, container, list)]
  })
}

function validateSubPaths({ subPath = '', subPathExpr = '' }: VolumeMount, list: string, at: string): FieldError[] {
  const errors = subPath === '' ? [] : validateLocalPath(`${list}.subPath`, subPath)
  if (subPathExpr === '') return errors
  if (subPath !== '') {
    errors.push(invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
  }
  return [...errors, ...validateLocalPath(`${list}.subPathExpr`, subPathExpr)]
}

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible']

function validateModes(mount: VolumeMount, container: Container, list: string): FieldError[] {
  const { mountPropagation: propagation, recursiveReadOnly: recursive } = mount
  const errors: FieldError[] = []
  if (propagation !== undefined) {
    const at = `${list}.mountPropagation`
    if (!PROPAGATIONS.includes(propagation)) errors.push(notSupported(at, propagation, PROPAGATIONS))
    else if (propagation === 'Bidirectional' && container.securityContext?.privileged !== true) {
      errors.push(forbidden(at, 'Bidirectional mount propagation is available only to privileged containers'))
    }
  }
  if (recursive === undefined || recursive === 'Disabled') return errors
  const at = `${list}.recursiveReadOnly`
  if (!RECURSIVE.includes(recursive)) return [...errors, notSupported(at, recursive, RECURSIVE)]
  if (mount.readOnly !== true) errors.push(forbidden(at, 'may only be specified when readOnly is true'))
  if (propagation !== undefined && propagation !== 'None') {
    errors.push(forbidden(at, 'may only be specified when mountPropagation is None or not specified'))
  }
  return errors
}

/** Volumes as block devices: claims alone can be. */
export function validateDevices(container: Container, path: string, { volumes = [] }: PodSpec): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container
  const [names, paths] = [new Set<string>(), new Set<string>()]
  return volumeDevices.flatMap(({ name = '', devicePath = '' }, i) => {
    const [nameAt, pathAt] = [`${path}.volumeDevices[${i}].name`, `${path}.volumeDevices[${i}].devicePath`]
    const errors: FieldError[] = name === '' ? [required(nameAt)] : []
    if (names.has(name)) errors.push(invalid(nameAt, name, 'must be unique'))
    const volume = volumes.find((one) => one.name === name)
    if (volume === undefined) errors.push(notFound(nameAt, name))
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
      errors.push(invalid(nameAt, name, detail))
    }
    if (devicePath === '') errors.push(required(pathAt))
    if (paths.has(devicePath)) errors.push(invalid(pathAt, devicePath, 'must be unique'))
    if (devicePath.split('/').includes('..')) {
      errors.push(invalid(pathAt, devicePath, "can not contain backsteps ('..')"))
    } else paths.add(devicePath)
    if (volumeMounts.some((one) => one.name === name)) {
      errors.push(invalid(nameAt, name, 'must not already exist in volumeMounts'))
    }
    if (volumeMounts.some((one) => one.mountPath === devicePath)) {
      errors.push(invalid(pathAt, devicePath, 'must not already exist as a path in volumeMounts'))
    }
    if (name !== '') names.add(name)
    return errors
  })
}
