import type { IncomingMessage } from 'node:http'
import { apiError } from '../../api/meta/status.ts'
import type { JsonPatchOperation, Patch } from '../../client/client.ts'
import { goMessage, mediaTypeOf, parseYaml, readBody } from './request-body.ts'

const PATCH_TYPES: Readonly<Record<string, Patch['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

/** Reads a PATCH's body; its media type says which of the four forms it is in. */
export async function readPatch(request: IncomingMessage): Promise<Patch> {
  const type = PATCH_TYPES[mediaTypeOf(request)]
  if (type === undefined) throw apiError('UnsupportedMediaType', '415: Unsupported Media Type', {})
  const bytes = await readBody(request)
  if (type === 'apply') return { type, patch: await applyBody(bytes) }
  const patch = parseJson(bytes)
  return type === 'json' ? { type, patch: operations(patch) } : { type, patch }
}

/** An applied configuration is YAML by its media type and JSON from most clients, which parses faster. */
function applyBody(bytes: Buffer): Promise<unknown> | unknown {
  if (bytes[0] !== 0x7b) return parseYaml(bytes, 'object')
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return parseYaml(bytes, 'object')
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    throw apiError('BadRequest', `error decoding patch: ${goMessage(error)}`)
  }
}

function operations(patch: unknown): readonly JsonPatchOperation[] {
  if (Array.isArray(patch)) return patch as readonly JsonPatchOperation[]
  const message = 'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch'
  throw apiError('BadRequest', message)
}
