import { MESSAGES } from '../../api/generated/protobuf.ts'
import { exactInteger } from '../../api/meta/big-integers.ts'
import { apiError } from '../../api/meta/status.ts'
import { MAX_JSON_DEPTH } from './bounded-json.ts'
import { WireReader } from './protobuf-wire.ts'
import { SPECIAL_MESSAGES } from './protobuf-special.ts'

/** Before every Protobuf body of Kubernetes, so that it is not taken for something else. */
const MAGIC = Buffer.from('k8s\0')

type Json = Record<string, unknown>

interface Field {
  readonly name: string
  /** Its fields stand in its parent in JSON. */
  readonly inline: boolean
  readonly type: string
  readonly repeated: boolean
  /** Of a map's values. */
  readonly mapOf?: string
}

const compiled = new Map<string, ReadonlyMap<number, Field>>()

/** The object in a Protobuf body, as the plain value that its JSON would parse to; zero values are still in it. */
export function decodeProtobuf(bytes: Buffer): unknown {
  if (!bytes.subarray(0, 4).equals(MAGIC))
    throw malformed('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]')
  try {
    const envelope = readEnvelope(bytes.subarray(4))
    const message = messageNamed(envelope.apiVersion, envelope.kind)
    return { apiVersion: envelope.apiVersion, kind: envelope.kind, ...decodeMessage(message, envelope.raw, 0) }
  } catch (error) {
    throw error instanceof RangeError ? malformed(error.message) : error
  }
}

function malformed(message: string) {
  return apiError('BadRequest', `couldn't get version/kind; protobuf parse error: ${message}`)
}

/** `runtime.Unknown`: 1 type (1 apiVersion, 2 kind), 2 the object. */
function readEnvelope(bytes: Uint8Array) {
  const envelope = { apiVersion: '', kind: '', raw: new Uint8Array() as Uint8Array }
  for (const outer of new WireReader(bytes).fields()) {
    if (outer.number === 2) envelope.raw = outer.bytes
    if (outer.number !== 1) continue
    for (const inner of new WireReader(outer.bytes).fields()) {
      const text = Buffer.from(inner.bytes).toString()
      if (inner.number === 1) envelope.apiVersion = text
      if (inner.number === 2) envelope.kind = text
    }
  }
  return envelope
}

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1'

function messageNamed(apiVersion: string, kind: string): string {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  const ending = `.${group.split('.')[0]}.${version}.${kind}`
  const direct = `k8s.io.api${ending}`
  if (direct in MESSAGES) return direct
  if (`${META}.${kind}` in MESSAGES) return `${META}.${kind}`
  const found = Object.keys(MESSAGES).find((name) => name.endsWith(ending))
  if (found === undefined) throw new RangeError(`no kind "${kind}" is known for version "${apiVersion}"`)
  return found
}

function fieldsOf(message: string): ReadonlyMap<number, Field> {
  const known = compiled.get(message)
  if (known !== undefined) return known
  const scope = message.slice(0, message.lastIndexOf('.') + 1)
  const fields = new Map((MESSAGES[message] ?? '').split(';').map((text) => compileField(text, scope)))
  compiled.set(message, fields)
  return fields
}

function compileField(text: string, scope: string): readonly [number, Field] {
  const [number = '', name = '', described = ''] = text.split(' ')
  const repeated = described.startsWith('repeated_')
  const mapOf = /^map<\w+,(.*)>$/.exec(described)?.[1]
  const inline = name.startsWith('^')
  const type = resolve(repeated ? described.slice('repeated_'.length) : described, scope)
  const field = { name: inline ? name.slice(1) : name, inline, type, repeated }
  return [Number(number), mapOf === undefined ? field : { ...field, mapOf: resolve(mapOf.trim(), scope) }]
}

/** Message names are whole behind a dot, and else stand in the scope of the message that names them. */
function resolve(type: string, scope: string): string {
  if (type.startsWith('.')) return type.slice(1)
  return /^[A-Z]/.test(type) ? scope + type : type
}

/** As deep as JSON may be: kinds that contain themselves, such as schemas, could be nested without end. */
function decodeMessage(message: string, bytes: Uint8Array, depth: number): Json {
  if (depth > MAX_JSON_DEPTH) throw new RangeError('proto: exceeded max depth')
  const fields = fieldsOf(message)
  const result: Json = {}
  for (const wire of new WireReader(bytes).fields()) {
    const field = fields.get(wire.number)
    if (field === undefined) continue
    if (field.mapOf !== undefined) addEntry(result, field.name, field.mapOf, wire.bytes, depth)
    else if (field.inline) Object.assign(result, decodeMessage(field.type, wire.bytes, depth))
    else if (field.repeated) ((result[field.name] ??= []) as unknown[]).push(decodeValue(field.type, wire, depth + 1))
    else result[field.name] = decodeValue(field.type, wire, depth + 1)
  }
  return result
}

type Wire = ReturnType<WireReader['next']>

/** An entry of a map is a message of its own: 1 key, 2 value. */
function addEntry(result: Json, name: string, type: string, bytes: Uint8Array, depth: number): void {
  const map = (result[name] ??= {}) as Json
  let key = ''
  let value: unknown = ''
  for (const wire of new WireReader(bytes).fields()) {
    if (wire.number === 1) key = Buffer.from(wire.bytes).toString()
    if (wire.number === 2) value = decodeValue(type, wire, depth + 1)
  }
  // An assignment to `__proto__` would not make a field.
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true })
}

function decodeValue(type: string, wire: Wire, depth: number): unknown {
  switch (type) {
    case 'string':
      return Buffer.from(wire.bytes).toString()
    case 'bytes':
      return Buffer.from(wire.bytes).toString('base64')
    case 'bool':
      return wire.integer !== 0n
    case 'int32':
    case 'int64':
      return exactInteger(BigInt.asIntN(64, wire.integer))
    case 'double':
      return Buffer.from(wire.bytes).readDoubleLE()
    default: {
      const special = SPECIAL_MESSAGES[type.slice(type.lastIndexOf('.') + 1)]
      return special === undefined
        ? decodeMessage(type, wire.bytes, depth)
        : special(wire.bytes, (inner) => decodeMessage(type, inner, depth))
    }
  }
}
