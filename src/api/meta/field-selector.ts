import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'

/** One requirement on a field, such as `spec.nodeName=a`. */
export interface FieldRequirement {
  readonly field: string
  readonly equals: boolean
  readonly value: string
}

export type FieldSelector = readonly FieldRequirement[]

/** Parses a field selector for a kind. Throws a BadRequest ApiError for fields that the kind cannot be selected by. */
export function parseFieldSelector(
  type: ResourceType,
  text: string,
  extraFields: readonly string[] = [],
): FieldSelector {
  void [type, text, extraFields]
  throw new Error('not built yet')
}

export function matchesFields(type: ResourceType, selector: FieldSelector, object: KubeObject): boolean {
  void [type, selector, object]
  throw new Error('not built yet')
}
