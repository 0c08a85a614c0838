import type { IncomingMessage } from 'node:http'
import { isJsonObject } from '../../api/draft.ts'
import { ApiError, apiError } from '../../api/meta/status.ts'
import type { JsonPatchOperation, Patch, PatchOptions } from '../../client/client.ts'
import { parseBoundedJson } from './bounded-json.ts'
import { goMessage, mediaTypeOf, parseYaml, readBody } from './request-body.ts'

const PATCH_TYPES: Readonly<Record<string, Patch['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/** Reads a PATCH's body; its media type says which of the four forms it is in. */
export async function readPatch(
  request: IncomingMessage,
  validation: PatchOptions['fieldValidation'] = 'Warn',
  warn: (text: string) => void = () => {},
): Promise<Patch> {
  const type = PATCH_TYPES[mediaTypeOf(request)]
  if (type === undefined) throw apiError('UnsupportedMediaType', '415: Unsupported Media Type', {})
  const bytes = await readBody(request)
  if (type === 'apply') return { type, patch: await applyBody(bytes, validation, warn) }
  const patch = parseJson(type, bytes)
  if (type === 'json') return { type, patch: operations(patch) }
  if (type === 'merge' && patch === null) throw apiError('BadRequest', 'Invalid JSON Patch')
  if (type === 'merge' && !isJsonObject(patch)) throw undecodable(patch, 'Go value of type map[string]interface {}')
  return { type, patch }
}

const jsonType = (value: unknown) =>
  Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value

/** An applied configuration is YAML by its media type and JSON from most clients, which parses faster. */
function applyBody(bytes: Buffer, validation: string, warn: (text: string) => void): Promise<unknown> | unknown {
  if (bytes[0] !== 0x7b) return yamlBody(bytes, validation, warn)
  try {
    return parseBoundedJson(bytes.toString())
  } catch (error) {
    if (error instanceof ApiError) throw error
    return yamlBody(bytes, validation, warn)
  }
}

async function yamlBody(bytes: Buffer, validation: string, warn: (text: string) => void): Promise<unknown> {
  const refuse = (problem: string) =>
    apiError('BadRequest', `error decoding YAML: error converting YAML to JSON: ${problem}`)
  const { value, duplicates } = await parseYaml(bytes, 'object', refuse)
  if (value !== null && !isJsonObject(value)) {
    const problem = `json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`
    throw apiError('BadRequest', `error decoding YAML: error unmarshaling JSON: while decoding JSON: ${problem}`)
  }
  if (duplicates.length === 0 || validation === 'Ignore') return value
  const problem = `error converting YAML to JSON: yaml: unmarshal errors:\n${duplicates.map((one) => `  ${one}`).join('\n')}`
  if (validation === 'Strict') throw apiError('BadRequest', `error strict decoding YAML: ${problem}`)
  warn(problem)
  return value
}

function parseJson(type: Patch['type'], bytes: Buffer): unknown {
  const text = bytes.toString()
  try {
    return parseBoundedJson(text)
  } catch (error) {
    if (error instanceof ApiError) throw error
    const prefix = type === 'strategic' ? '' : 'error decoding patch: '
    throw apiError('BadRequest', prefix + goMessage(error, text))
  }
}

const undecodable = (value: unknown, into: string) =>
  apiError('BadRequest', `error decoding patch: json: cannot unmarshal ${jsonType(value)} into ${into}`)

function operations(patch: unknown): readonly JsonPatchOperation[] {
  if (patch === null) return []
  if (!Array.isArray(patch)) throw undecodable(patch, 'Go value of type []handlers.jsonPatchOp')
  for (const one of patch as readonly unknown[]) {
    if (one === null) continue
    if (!isJsonObject(one)) throw undecodable(one, 'Go value of type handlers.jsonPatchOp')
    for (const field of ['op', 'path', 'from']) {
      const value = one[field] ?? ''
      if (typeof value !== 'string') throw undecodable(value, `Go struct field jsonPatchOp.${field} of type string`)
    }
  }
  return patch as readonly JsonPatchOperation[]
}
