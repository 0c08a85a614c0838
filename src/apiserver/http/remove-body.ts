import type { IncomingMessage } from 'node:http'
import { apiError } from '../../api/meta/status.ts'
import type { RemoveOptions } from '../../client/client.ts'
import { dryRunOption, removeOptions } from './query-options.ts'
import type { Query } from './query-options.ts'
import { PROTOBUF, goMessage, mediaTypeOf, parseYaml, readBody } from './request-body.ts'

/** The options of a DELETE: from its body where it has one (a DeleteOptions), else from its query. */
export async function readRemoveOptions(request: IncomingMessage, query: Query): Promise<RemoveOptions> {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0
  if (!hasBody) return removeOptions(query)
  const bytes = await readBody(request)
  if (bytes.length === 0) return removeOptions(query)
  return { ...removeOptions(query), ...fromBody(await decodeOptions(bytes, mediaTypeOf(request))) }
}

async function decodeOptions(bytes: Buffer, mediaType: string): Promise<unknown> {
  if (mediaType === 'application/yaml') return (await parseYaml(bytes, 'DeleteOptions')).value
  return mediaType === PROTOBUF.mediaType ? PROTOBUF.decode(bytes) : parseJson(bytes)
}

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString()
  try {
    return JSON.parse(text)
  } catch (error) {
    throw apiError('BadRequest', `couldn't get version/kind; json parse error: ${goMessage(error, text)}`)
  }
}

type Fields = Readonly<Record<string, unknown>>

function fromBody(value: unknown): RemoveOptions {
  if (typeof value !== 'object' || value === null) return {}
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = value as Fields
  const legacy =
    typeof orphanDependents === 'boolean' ? { propagationPolicy: orphanDependents ? 'Orphan' : 'Background' } : {}
  return {
    ...(typeof gracePeriodSeconds === 'number' ? { gracePeriodSeconds } : {}),
    ...(legacy as Pick<RemoveOptions, 'propagationPolicy'>),
    ...(typeof propagationPolicy === 'string'
      ? ({ propagationPolicy } as Pick<RemoveOptions, 'propagationPolicy'>)
      : {}),
    ...(typeof preconditions === 'object' && preconditions !== null ? { preconditions } : {}),
    ...(Array.isArray(dryRun) ? dryRunOption(dryRun, 'DeleteOptions') : {}),
  }
}
