import { convert } from '../../api/conversion/convert.ts'
import type { KubeObject } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import { deepFreeze } from '../../store/freeze.ts'
import type { ServedResource } from './served-resource.ts'

/** Converted objects by the version asked for, each made once and kept as long as the stored object is. */
const served = new Map<string, WeakMap<KubeObject, KubeObject>>()

/**
 * The stored object in the version of `resource`: itself where that is how it is stored, else the one converted copy that
 * everyone shares.
 */
export function toServed(resource: ServedResource, object: KubeObject): KubeObject {
  if (resource.type === resource.storageType) return object
  const apiVersion = apiVersionOf(resource.type)
  let cache = served.get(apiVersion)
  if (cache === undefined) served.set(apiVersion, (cache = new WeakMap()))
  let converted = cache.get(object)
  if (converted === undefined) {
    converted = deepFreeze(convert(object, resource.storageType, resource.type))
    cache.set(object, converted)
  }
  return converted
}

/** A served object in the version that its resource is stored in. */
export function toStored(resource: ServedResource, object: KubeObject): KubeObject {
  return resource.type === resource.storageType ? object : convert(object, resource.type, resource.storageType)
}
