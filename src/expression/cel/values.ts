import type { CelType } from './cel-type.ts'

/**
 * A value while an expression runs: `int` is a bigint, `double` a number, `uint` a class of its own. Lists and maps are
 * never changed once made.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | OptionalValue
  | Opaque
  | MapValue
  | readonly Value[]

export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** Nanoseconds since 1970. */
export class Timestamp {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class Duration {
  readonly nanos: bigint
  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export class TypeValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export class OptionalValue {
  /** Undefined for none. */
  readonly value: Value | undefined
  constructor(value: Value | undefined) {
    this.value = value
  }
}

export const NONE = new OptionalValue(undefined)

/** A value of a library's type, such as a quantity or an address. */
export class Opaque<T = unknown> {
  /** Such as `kubernetes.Quantity`. */
  readonly type: string
  readonly value: T
  /** What stands for it where two are compared; undefined for those that are never equal to another. */
  readonly key: string | undefined
  /** Its size where a cost depends on it. */
  readonly size: number
  constructor(type: string, value: T, key?: string, size = 1) {
    this.type = type
    this.value = value
    this.key = key
    this.size = size
  }
}

/** A map or an object with fields. */
export interface MapValue {
  readonly kind: 'map'
  /** The name of the object's type; undefined for a map. */
  readonly typeName: string | undefined
  readonly size: number
  /** Undefined where there is no such key. */
  get(key: Value): Value | undefined
  keys(): readonly Value[]
}

export function isMap(value: Value): value is MapValue {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'map'
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Lists of JSON that the schema calls sets or maps: they are equal in any order, and `+` merges them. */
export const listKinds = new WeakMap<readonly Value[], CelType & { readonly kind: 'list' }>()

/** A map that an expression made. */
export class LiteralMap implements MapValue {
  readonly kind = 'map'
  readonly typeName: string | undefined
  readonly #entries = new Map<string, readonly [Value, Value]>()
  constructor(entries: Iterable<readonly [Value, Value]>, typeName?: string) {
    this.typeName = typeName
    for (const entry of entries) {
      const key = mapKey(entry[0])
      if (key === undefined) throw new EvaluationError('unsupported key type')
      if (this.#entries.has(key)) throw new EvaluationError(`Failed with repeated key`)
      this.#entries.set(key, entry)
    }
  }
  get size(): number {
    return this.#entries.size
  }
  get(key: Value): Value | undefined {
    const name = mapKey(key)
    return name === undefined ? undefined : this.#entries.get(name)?.[1]
  }
  keys(): readonly Value[] {
    return [...this.#entries.values()].map(([key]) => key)
  }
}

/** Numbers that are equal name the same key. */
function mapKey(key: Value): string | undefined {
  if (typeof key === 'string') return `s${key}`
  if (typeof key === 'boolean') return `b${key}`
  if (typeof key === 'bigint') return `n${key}`
  if (key instanceof Uint) return `n${key.value}`
  if (typeof key === 'number' && Number.isInteger(key)) return `n${BigInt(key)}`
  return undefined
}

/** An expression that failed while it ran, in the words of Google's implementation. */
export class EvaluationError extends Error {}

/** The expression cost more than it may. */
export class BudgetError extends EvaluationError {
  constructor() {
    super('operation cancelled: actual cost limit exceeded')
  }
}

/** The name of a value's type, as `type(value)` shows it. */
export function typeNameOf(value: Value): string {
  if (value === null) return 'null_type'
  switch (typeof value) {
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'int'
    case 'number':
      return 'double'
    case 'string':
      return 'string'
  }
  if (isList(value)) return 'list'
  if (value instanceof Uint8Array) return 'bytes'
  if (value instanceof Uint) return 'uint'
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp'
  if (value instanceof Duration) return 'google.protobuf.Duration'
  if (value instanceof TypeValue) return 'type'
  if (value instanceof OptionalValue) return 'optional_type'
  if (value instanceof Opaque) return value.type
  return value.typeName ?? 'map'
}
