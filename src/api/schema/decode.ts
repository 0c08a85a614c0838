import type { Draft, JsonObject } from '../draft.ts'
import { isJsonObject } from '../draft.ts'
import { WrittenNumber } from '../meta/big-integers.ts'
import { noteEmptyMap } from '../meta/equal.ts'
import { copyJson } from '../meta/copy.ts'
import { resourceAmount } from '../meta/quantity.ts'
import { apiError } from '../meta/status.ts'
import type { ApiError } from '../meta/status.ts'
import type { KubeObject } from '../object.ts'
import { apiVersionOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import { isEmptyCollection, losesEmpty, noteEmpties } from './empty-values.ts'
import { decodeScalar, isZero, zeroOf } from './scalar.ts'
import { goTypeOf, schemaOf } from './schema.ts'
import type { FieldSchema, ListSchema, MapSchema, ObjectSchema, Schema } from './schema.ts'

/** A body as an object of its type, fresh (not shared with the input), and what strict decoding would refuse. */
export interface Decoded<T extends KubeObject = KubeObject> {
  readonly object: Draft<T>
  /** Such as `unknown field "spec.foo"`, in the order found. Unknown fields are not in `object`. */
  readonly strictErrors: readonly string[]
}

/**
 * Checks `value` (parsed JSON) against the type's schema and copies what the schema knows. Throws a BadRequest ApiError
 * with Kubernetes' message where a field has the wrong type. Zero values that Kubernetes never tells from absent ones
 * are left out or written as it does, so that what is decoded is what will be served, but for empty lists and maps:
 * those stay until the object is stored (`empty-values.ts`).
 */
export function decodeObject<T extends KubeObject>(
  type: ResourceType<T>,
  value: unknown,
  schema: Schema = schemaOf(type.definition),
): Decoded<T> {
  const decoding = new Decoding()
  try {
    const object = decode(schema, value, decoding)
    if (decoding.typeError !== undefined) throw new DecodeError(decoding.typeError)
    if (decoding.holdsEmpties) noteEmpties(object as object)
    return { object: object as Draft<T>, strictErrors: decoding.strictErrors }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw cannotHandle(type, value, error.message)
  }
}

/** Kubernetes' answer to `fieldValidation=Strict` where there are strict errors. */
export function strictDecodingError(type: ResourceType, strictErrors: readonly string[]): ApiError {
  return cannotHandle(type, undefined, `strict decoding error: ${strictErrors.join(', ')}`)
}

/** A value decoded by a schema of its own, such as a part of an object. Throws a DecodeError. */
export function decodeValue(schema: Schema, value: unknown): unknown {
  const decoding = new Decoding()
  const result = decode(schema, value, decoding)
  if (decoding.typeError !== undefined) throw new DecodeError(decoding.typeError)
  return result
}

/** What a decoder says, without naming the object. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

/** The state of one decoding: as Go's decoder does, it goes on after a wrong type and reports the first. */
class Decoding {
  readonly strictErrors: string[] = []
  typeError: string | undefined
  /** Lists and maps were sent that are empty: see `empty-values.ts`. */
  holdsEmpties = false
  /** Innermost struct, for messages. */
  struct = ''
  /** Where the decoder is, as a stack: one list for all fields, as every request is decoded. */
  readonly path: (string | number | MapKey)[] = []
}

/** A map's key on the way to a value: Go's decoder does not tell it where a type is wrong. */
interface MapKey {
  readonly key: string
}

function cannotHandle(type: ResourceType, value: unknown, detail: string): ApiError {
  const body = isJsonObject(value) ? value : {}
  const kind = typeof body['kind'] === 'string' ? body['kind'] : type.kind
  const version = typeof body['apiVersion'] === 'string' ? body['apiVersion'] : apiVersionOf(type)
  const message = `${kind} in version ${JSON.stringify(version.split('/').at(-1))} cannot be handled as a ${type.kind}: ${detail}`
  return apiError('BadRequest', message)
}

function decode(schema: Schema, value: unknown, decoding: Decoding): unknown {
  switch (schema.kind) {
    case 'object':
      return decodeStruct(schema, value, decoding)
    case 'map':
      return decodeMap(schema, value, decoding)
    case 'list':
      return decodeList(schema, value, decoding)
    case 'any':
      return isShared(value) ? value : copyJson(value)
    case 'scalar': {
      // Most scalars by far.
      if (schema.scalar === 'string' && typeof value === 'string') return value
      const scalar = decodeScalar(schema.scalar, value)
      if (scalar.ok) return scalar.value
      if (scalar.message !== undefined) throw new DecodeError(scalar.message)
      wrongType(decoding, value, schema)
      return undefined
    }
  }
}

/** What has no shape to check and is frozen (the fields of a manager, from a stored object) is shared with it. */
const isShared = (value: unknown) => typeof value === 'object' && Object.isFrozen(value)

function decodeStruct(schema: ObjectSchema, value: unknown, decoding: Decoding): unknown {
  if (!isJsonObject(value)) return wrongType(decoding, value, schema)
  const outer = decoding.struct
  const result: JsonObject = {}
  decoding.struct = schema.goType.slice(schema.goType.indexOf('.') + 1)
  const { path } = decoding
  for (const key of Object.keys(value)) {
    const field = schema.fields.get(key)
    path.push(key)
    if (field !== undefined) assign(result, key, decodeField(field, value[key], decoding))
    else if (schema.preserveUnknown) assign(result, key, copyJson(value[key]))
    else decoding.strictErrors.push(`unknown field ${JSON.stringify(pathText(path))}`)
    path.pop()
  }
  writeZeros(schema, result)
  decoding.struct = outer
  return result
}

function decodeField(field: FieldSchema, value: unknown, decoding: Decoding): unknown {
  if (value === null || value === undefined) return undefined
  const decoded = decode(field.schema, value, decoding)
  if (losesEmpty(field, decoded)) {
    decoding.holdsEmpties = true
    if (field.schema.kind === 'map') noteEmptyMap(decoded as object)
    return decoded
  }
  if (field.zero === 'omitted' && isZero(decoded)) return undefined
  if (field.zero === 'as given' && isEmptyCollection(field.schema, decoded)) return undefined
  return decoded
}

/** Writes the fields that Kubernetes serves although nobody set them. */
export function writeZeros(schema: ObjectSchema, object: JsonObject): void {
  for (const [name, part] of writtenOf(schema)) {
    if (object[name] !== undefined) continue
    if (part.kind === 'object') {
      const inner: JsonObject = {}
      writeZeros(part, inner)
      object[name] = inner
    } else object[name] = zeroOf(part)
  }
}

const written = new WeakMap<ObjectSchema, readonly (readonly [name: string, schema: Schema])[]>()

/** Few fields of many, found once: every object that is read asks for them. */
function writtenOf(schema: ObjectSchema): readonly (readonly [name: string, schema: Schema])[] {
  let found = written.get(schema)
  if (found === undefined) {
    found = [...schema.fields].flatMap(([name, field]) => (field.zero === 'written' ? [[name, field.schema]] : []))
    written.set(schema, found)
  }
  return found
}

/** `__proto__` and the like become own properties, never the prototype. */
function assign(target: JsonObject, key: string, value: unknown): void {
  if (value === undefined) return
  if (key in Object.prototype) {
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true })
  } else target[key] = value
}

function decodeMap(schema: MapSchema, value: unknown, decoding: Decoding): unknown {
  if (!isJsonObject(value)) return wrongType(decoding, value, schema)
  const result: JsonObject = {}
  const isAmount = schema.values.kind === 'scalar' && schema.values.scalar === 'quantity'
  for (const key of Object.keys(value)) {
    const item = value[key]
    decoding.path.push({ key })
    const decoded = item === null ? zeroItem(schema.values) : decode(schema.values, item, decoding)
    assign(result, key, isAmount && typeof decoded === 'string' ? resourceAmount(decoded) : decoded)
    decoding.path.pop()
  }
  return result
}

function decodeList(schema: ListSchema, value: unknown, decoding: Decoding): unknown {
  if (!Array.isArray(value)) return wrongType(decoding, value, schema)
  const result: unknown[] = []
  for (let i = 0; i < value.length; i++) {
    decoding.path.push(i)
    result.push(value[i] === null ? zeroItem(schema.items) : decode(schema.items, value[i], decoding))
    decoding.path.pop()
  }
  return result
}

/** What Go makes of a null in a list or map. */
function zeroItem(schema: Schema): unknown {
  if (schema.kind !== 'object') return zeroOf(schema)
  const zero: JsonObject = {}
  writeZeros(schema, zero)
  return zero
}

function wrongType(decoding: Decoding, value: unknown, schema: Schema): undefined {
  if (decoding.typeError !== undefined) return
  const names = decoding.path.filter((part) => typeof part === 'string')
  const where = decoding.struct === '' ? 'Go value' : `Go struct field ${decoding.struct}.${names.join('.')}`
  decoding.typeError = `json: cannot unmarshal ${nameOf(value, schema)} into ${where} of type ${goTypeOf(schema)}`
}

function nameOf(value: unknown, schema: Schema): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'boolean') return 'bool'
  const written = value instanceof WrittenNumber ? value.text : value
  if (value !== written || typeof value === 'number' || typeof value === 'bigint') {
    const isInteger = schema.kind === 'scalar' && schema.scalar.startsWith('int')
    return isInteger ? `number ${String(written)}` : 'number'
  }
  return typeof value
}

function pathText(path: Decoding['path']): string {
  let text = ''
  for (const part of path) {
    const name = typeof part === 'object' ? part.key : part
    text += typeof name === 'number' ? `[${name}]` : text === '' ? name : `.${name}`
  }
  return text
}
