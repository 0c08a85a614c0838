import type { IncomingMessage } from 'node:http'
import { isJsonObject } from '../../api/draft.ts'
import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import { ApiError } from '../../api/meta/status.ts'
import { DecodeError, decodeValue } from '../../api/schema/decode.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import type { RemoveOptions } from '../../client/client.ts'
import { parseBoundedJson } from './bounded-json.ts'
import { dryRunOption, removeOptions } from './query-options.ts'
import type { Query } from './query-options.ts'
import {
  PROTOBUF,
  goMessage,
  mediaTypeOf,
  notAnObject,
  parseYaml,
  readBody,
  unsupportedMediaType,
} from './request-body.ts'

/** The options of a DELETE: from its body where it has one (a DeleteOptions), else from its query. */
export async function readRemoveOptions(request: IncomingMessage, query: Query): Promise<RemoveOptions> {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0
  if (!hasBody) return removeOptions(query)
  const bytes = await readBody(request)
  if (bytes.length === 0) return removeOptions(query)
  // Where there is a body, the query says nothing.
  return fromBody(await decodeOptions(bytes, mediaTypeOf(request)))
}

async function decodeOptions(bytes: Buffer, mediaType: string): Promise<unknown> {
  if (mediaType === 'application/yaml') return (await parseYaml(bytes, 'DeleteOptions')).value
  if (mediaType === PROTOBUF.mediaType) return PROTOBUF.decode(bytes)
  if (mediaType === '' || mediaType === 'application/json' || mediaType === '*/*') return parseJson(bytes)
  throw unsupportedMediaType()
}

/** What cannot be decoded here is the server's own failure to Kubernetes. */
const undecodable = (message: string) =>
  new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })

function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString()
  try {
    return parseBoundedJson(text)
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw undecodable(`couldn't get version/kind; json parse error: ${goMessage(error, text)}`)
  }
}

const OPTIONS = schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions')

function fromBody(value: unknown): RemoveOptions {
  if (value === null) return {}
  if (!isJsonObject(value)) throw undecodable(`couldn't get version/kind; json parse error: ${notAnObject(value)}`)
  const { kind = 'DeleteOptions', apiVersion = 'v1' } = value
  if (kind !== 'DeleteOptions') {
    const scheme = 'in scheme "pkg/runtime/scheme.go:110"'
    throw undecodable(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} ${scheme}`,
    )
  }
  const options = decoded(value)
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions, dryRun } = options
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set'
    const errors = [invalid('propagationPolicy', propagationPolicy, detail)]
    throw invalidError({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors)
  }
  const legacy = orphanDependents === undefined ? {} : { propagationPolicy: orphanDependents ? 'Orphan' : 'Background' }
  return {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(legacy as Pick<RemoveOptions, 'propagationPolicy'>),
    ...(propagationPolicy !== undefined && ({ propagationPolicy } as Pick<RemoveOptions, 'propagationPolicy'>)),
    ...(preconditions !== undefined && { preconditions }),
    ...(dryRun !== undefined && dryRunOption(dryRun, 'DeleteOptions')),
  }
}

function decoded(value: unknown): DeleteOptions {
  try {
    return decodeValue(OPTIONS, value) as DeleteOptions
  } catch (error) {
    if (error instanceof DecodeError) throw undecodable(error.message)
    throw error
  }
}
