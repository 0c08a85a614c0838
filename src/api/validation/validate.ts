import type { FieldError } from '../meta/field-error.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'

/** What is wrong with an object to be created, in Kubernetes' order and words; empty where nothing is. */
export function validateCreate(type: ResourceType, object: KubeObject): readonly FieldError[] {
  void [type, object]
  return []
}

/** What is wrong with replacing `old` by `object`, immutable fields included. */
export function validateUpdate(
  type: ResourceType,
  object: KubeObject,
  old: KubeObject,
  subresource?: string,
): readonly FieldError[] {
  void [type, object, old, subresource]
  return []
}
