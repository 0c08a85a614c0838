import type { CelType } from './cel-type.ts'
import type { Value } from './values.ts'
import { isList, isMap, Opaque, OptionalValue, typeNameOf } from './values.ts'

/** Whether a function with a parameter of this type may be called with this value: elements are not looked at. */
export function accepts(type: CelType, value: Value): boolean {
  switch (type.kind) {
    case 'simple':
      return type.name === 'dyn' || typeNameOf(value) === type.name
    case 'list':
      return isList(value)
    case 'map':
      return typeof value === 'object' && value !== null && isMap(value)
    case 'opaque':
      if (type.name !== 'optional_type') return value instanceof Opaque && value.type === type.name
      if (!(value instanceof OptionalValue)) return false
      return value.value === undefined || type.of[0] === undefined || accepts(type.of[0], value.value)
    case 'object':
      return typeof value === 'object' && value !== null && isMap(value)
    case 'parameter':
      return true
  }
}
