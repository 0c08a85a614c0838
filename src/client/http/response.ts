import type { IncomingMessage } from 'node:http'
import { ApiError } from '../../api/meta/status.ts'
import type { StatusReason } from '../../api/meta/status.ts'
import type { Status } from '../../api/generated/meta-v1.ts'

/** Reads an answer whole. */
export async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

/** The JSON of a successful answer; throws the ApiError that a failed one carries. */
export async function readJson(response: IncomingMessage): Promise<unknown> {
  const bytes = await readAll(response)
  if ((response.statusCode ?? 500) >= 400) throw failureOf(response, bytes)
  return JSON.parse(bytes.toString())
}

/** The error of an answer. Where no Status was sent (a proxy answered, say) one is made of what there is. */
export function failureOf(response: IncomingMessage, bytes: Buffer): ApiError {
  const code = response.statusCode ?? 500
  const text = bytes.toString()
  const status = parseStatus(text)
  if (status !== undefined) return new ApiError(status)
  const message = text.trim().slice(0, 1000) || (response.statusMessage ?? '')
  const reason = REASONS[code] ?? ''
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code })
}

/** What a code says where no Status came with it, as client-go reads it: an unknown resource answers in plain text. */
const REASONS: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

function parseStatus(text: string): Status | undefined {
  try {
    const value = JSON.parse(text) as Status | null
    return value?.kind === 'Status' ? value : undefined
  } catch {
    return undefined
  }
}
