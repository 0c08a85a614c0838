import type { CelType } from './cel-type.ts'
import { BOOL, BYTES, DOUBLE, DYN, INT, NULL, STRING, UINT } from './cel-type.ts'
import type { Value } from './values.ts'
import { TypeValue, Uint } from './values.ts'

/** The type of a literal. */
export function constantType(value: Value): CelType {
  if (value === null) return NULL
  if (value instanceof Uint) return UINT
  if (value instanceof Uint8Array) return BYTES
  switch (typeof value) {
    case 'boolean':
      return BOOL
    case 'bigint':
      return INT
    case 'number':
      return DOUBLE
    case 'string':
      return STRING
    default:
      return DYN
  }
}

const NAMES = [
  'bool',
  'int',
  'uint',
  'double',
  'string',
  'bytes',
  'list',
  'map',
  'null_type',
  'type',
  'optional_type',
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
  'kubernetes.URL',
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'net.IP',
  'net.CIDR',
]

const TYPES = new Map(NAMES.map((name) => [name, new TypeValue(name)]))

/** The type that a name in an expression stands for, such as `int` in `type(x) == int`. */
export function namedType(name: string): TypeValue | undefined {
  return TYPES.get(name)
}
