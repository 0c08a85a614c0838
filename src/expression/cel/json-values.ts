import type { CelType, ObjectType } from './cel-type.ts'
import { DYN } from './cel-type.ts'
import { formatDuration, formatTimestamp, parseDuration, parseTimestamp, timestamp } from './time.ts'
import type { MapValue, Value } from './values.ts'
import { Duration, isList, isMap, listKinds, Timestamp, Uint } from './values.ts'

/** A JSON value as a value of the type that a schema gives it; what lies deeper is looked at when it is asked for. */
export function fromJson(json: unknown, type: CelType = DYN): Value {
  if (json === null || json === undefined) return null
  if (typeof json === 'number') return fromNumber(json, type)
  if (typeof json === 'bigint') return type.kind === 'simple' && type.name === 'double' ? Number(json) : json
  if (typeof json === 'string') return fromText(json, type)
  if (typeof json === 'boolean') return json
  if (Array.isArray(json)) return fromList(json, type)
  const fields = json as Readonly<Record<string, unknown>>
  if (type.kind === 'object') return new JsonObject(fields, type)
  return new JsonMap(fields, type.kind === 'map' ? type.values : DYN)
}

function fromNumber(json: number, type: CelType): Value {
  if (type.kind === 'simple' && type.name === 'double') return json
  return Number.isInteger(json) ? BigInt(json) : json
}

function fromText(json: string, type: CelType): Value {
  if (type.kind !== 'simple') return json
  switch (type.name) {
    case 'google.protobuf.Timestamp':
      return (type.format === 'date' ? parseTimestamp(`${json}T00:00:00Z`) : parseTimestamp(json)) ?? timestamp(0n)
    case 'google.protobuf.Duration':
      return parseDuration(json) ?? new Duration(0n)
    case 'bytes':
      return Uint8Array.from(Buffer.from(json, 'base64'))
    default:
      return json
  }
}

function fromList(json: readonly unknown[], type: CelType): Value {
  const items = type.kind === 'list' ? type.items : DYN
  const list = json.map((item) => fromJson(item, items))
  if (type.kind === 'list' && type.merge !== undefined) listKinds.set(list, type)
  return list
}

/** An object whose fields a schema names. A field that is null counts as absent unless its type may be null. */
class JsonObject implements MapValue {
  readonly kind = 'map'
  readonly typeName: string
  readonly #json: Readonly<Record<string, unknown>>
  readonly #type: ObjectType
  readonly #made = new Map<string, Value>()
  constructor(json: Readonly<Record<string, unknown>>, type: ObjectType) {
    this.#json = json
    this.#type = type
    this.typeName = type.name
  }
  get size(): number {
    return this.keys().length
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined
    const field = this.#type.fields.get(key)
    if (field === undefined || !Object.hasOwn(this.#json, field.json)) return undefined
    let value = this.#made.get(key)
    if (value === undefined) this.#made.set(key, (value = fromJson(this.#json[field.json], field.type)))
    return value
  }
  keys(): readonly Value[] {
    return [...this.#type.fields].filter(([, { json }]) => Object.hasOwn(this.#json, json)).map(([key]) => key)
  }
}

class JsonMap implements MapValue {
  readonly kind = 'map'
  readonly typeName = undefined
  readonly #json: Readonly<Record<string, unknown>>
  readonly #values: CelType
  readonly #made = new Map<string, Value>()
  constructor(json: Readonly<Record<string, unknown>>, values: CelType) {
    this.#json = json
    this.#values = values
  }
  get size(): number {
    return Object.keys(this.#json).length
  }
  get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#json, key)) return undefined
    let value = this.#made.get(key)
    if (value === undefined) this.#made.set(key, (value = fromJson(this.#json[key], this.#values)))
    return value
  }
  keys(): readonly Value[] {
    return Object.keys(this.#json)
  }
}

/** A value as JSON, for tests and for parameters of messages. */
export function toJson(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map(toJson)
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (!isMap(value)) return String(value)
  return Object.fromEntries(value.keys().map((key) => [String(toJson(key)), toJson(value.get(key) ?? null)]))
}
