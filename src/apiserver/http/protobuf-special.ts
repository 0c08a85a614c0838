import { formatMicroTime, formatTime } from '../../env/clock.ts'

type Fields = Readonly<Record<string, unknown>>
type Special = (bytes: Uint8Array, decode: (bytes: Uint8Array) => Fields) => unknown

/** `raw` is JSON that travelled as bytes, and came out of decoding as base64. */
const rawJson: Special = (bytes, decode) => {
  const { raw, Raw } = decode(bytes)
  const text = Buffer.from(String(raw ?? Raw ?? ''), 'base64').toString()
  return text === '' ? null : JSON.parse(text)
}

const itemsOnly: Special = (bytes, decode) => decode(bytes)['items'] ?? []

const time =
  (format: (epochMs: number) => string): Special =>
  (bytes, decode) => {
    if (bytes.length === 0) return null
    const { seconds = 0, nanos = 0 } = decode(bytes)
    return format(Number(seconds) * 1000 + Math.floor(Number(nanos) / 1_000_000))
  }

/**
 * A JSON schema: what it leaves out is written with its zero value, which elsewhere the API's schema tells from a value, but
 * nothing describes the inside of these. Null pointers are not written, so numbers that are zero are meant.
 */
const schemaWithoutZeros: Special = (bytes, decode) =>
  Object.fromEntries(Object.entries(decode(bytes)).filter(([, value]) => value !== '' && value !== false))

/** Messages whose JSON is not an object of their fields, by the last part of their name. */
export const SPECIAL_MESSAGES: Readonly<Record<string, Special>> = {
  Time: time(formatTime),
  MicroTime: time(formatMicroTime),
  Quantity: (bytes, decode) => decode(bytes)['string'] ?? '0',
  IntOrString: (bytes, decode) => {
    const { type, intVal, strVal } = decode(bytes)
    return type === 1 ? (strVal ?? '') : (intVal ?? 0)
  },
  FieldsV1: rawJson,
  RawExtension: rawJson,
  JSON: rawJson,
  Verbs: itemsOnly,
  ExtraValue: itemsOnly,
  OptionalNames: itemsOnly,
  JSONSchemaProps: schemaWithoutZeros,
  JSONSchemaPropsOrArray: (bytes, decode) => {
    const { schema, jSONSchemas } = decode(bytes)
    return jSONSchemas ?? schema
  },
  JSONSchemaPropsOrStringArray: (bytes, decode) => {
    const { schema, property } = decode(bytes)
    return property ?? schema
  },
  JSONSchemaPropsOrBool: (bytes, decode) => {
    const { schema, allows } = decode(bytes)
    return schema ?? allows ?? false
  },
}
