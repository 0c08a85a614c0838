import { parseExactJson } from '../../api/meta/big-integers.ts'
import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { noteAnswer } from '../audit/audit-notes.ts'
import { ApiError, apiError } from '../../api/meta/status.ts'
import { negotiate } from './accept.ts'
import type { Accepted } from './accept.ts'
import type { Exchange } from './exchange.ts'

const encoder = new TextEncoder()
const compress = promisify(gzip)

/** Answers smaller than this are never compressed, as in Kubernetes. */
export const COMPRESSION_THRESHOLD_BYTES = 128 * 1024

/**
 * Whether an answer goes out compressed: it is big, the client can read gzip, and it is on another machine (on the same
 * one the network costs less than the compression).
 */
export function wantsCompression(acceptEncoding: string | undefined, remoteAddress: string, bytes: number): boolean {
  if (bytes < COMPRESSION_THRESHOLD_BYTES || acceptEncoding === undefined) return false
  if (remoteAddress === '::1' || remoteAddress.replace('::ffff:', '').startsWith('127.')) return false
  return acceptEncoding.split(',').some((each) => each.trim().split(';')[0] === 'gzip')
}

/** Sends encoded JSON as it is; as YAML it has to be read again, which only people ask for. */
export async function sendEncoded(exchange: Exchange, code: number, json: Uint8Array, accepted?: Accepted) {
  noteAnswer(exchange.notes, () => textOf(json))
  if (accepted?.encoding === 'yaml') {
    const { yamlText } = await import('./yaml-answer.ts')
    const value: unknown = parseExactJson(Buffer.from(json).toString())
    return sendBytes(exchange, code, encoder.encode(yamlText(value)), 'application/yaml')
  }
  return sendBytes(exchange, code, json, 'application/json')
}

/** Of what is encoded, its line break left out. */
const textOf = (json: Uint8Array): string =>
  Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString().trimEnd()

export const sendJson = (exchange: Exchange, code: number, value: unknown, accepted?: Accepted): Promise<void> =>
  sendEncoded(exchange, code, encoder.encode(`${JSON.stringify(value)}\n`), accepted)

export function sendText(exchange: Exchange, code: number, text: string): Promise<void> {
  exchange.response.setHeader('X-Content-Type-Options', 'nosniff')
  return sendBytes(exchange, code, encoder.encode(text), 'text/plain; charset=utf-8')
}

export async function sendBytes(exchange: Exchange, code: number, bytes: Uint8Array, contentType: string) {
  const { request, response } = exchange
  const headers = baseHeaders(exchange, contentType)
  const remote = request.socket.remoteAddress ?? ''
  if (wantsCompression(request.headers['accept-encoding'] as string | undefined, remote, bytes.length)) {
    const compressed = await compress(bytes, { level: 1 })
    response.writeHead(code, { ...headers, 'Content-Encoding': 'gzip', 'Content-Length': compressed.length })
    return void response.end(compressed)
  }
  if (bytes.length > SLOW_ANSWER_BYTES) endWhenStuck(response)
  headers['Content-Length'] = bytes.length
  response.writeHead(code, headers)
  response.end(bytes)
}

/** Smaller answers fit into what the system buffers for a connection anyway. */
export const SLOW_ANSWER_BYTES = 256 * 1024
const STUCK_MS = 60_000

/** A client that takes nothing of a big answer for a minute is cut off, so that those that never read cost no memory. */
export function endWhenStuck(response: ServerResponse): void {
  response.setTimeout(STUCK_MS, () => response.destroy())
  response.once('finish', () => response.setTimeout(0))
}

type Headers = Record<string, string | number | readonly string[]>

export function baseHeaders(exchange: Exchange, contentType: string): Record<string, string | number | string[]> {
  const headers: Headers = {
    'Audit-Id': exchange.notes.id,
    'Cache-Control': 'no-cache, private',
    'Content-Type': contentType,
  }
  if (exchange.warnings.length > 0) headers['Warning'] = warningHeaders(exchange.warnings)
  return headers as Record<string, string | number | string[]>
}

/** How long warnings may be together, and each of them where they are longer. */
const ALL_WARNINGS = 4 * 1024
const ONE_WARNING = 256

/** `299 - "text"`: RFC 7234's form. What has control characters cannot stand in it, and is dropped as in Kubernetes. */
function warningHeaders(warnings: readonly string[]): string[] {
  // oxlint-disable-next-line no-control-regex
  const shown = warnings.filter((text) => !/[\u0000-\u001f\u007f-\u009f]/.test(text))
  const isTooMuch = shown.reduce((sum, text) => sum + text.length, 0) > ALL_WARNINGS
  let left = isTooMuch ? ALL_WARNINGS : Infinity
  return shown.flatMap((text) => {
    if (left <= 0) return []
    const kept = isTooMuch ? [...text].slice(0, ONE_WARNING).join('') : text
    left -= kept.length
    return [`299 - "${toLatin1(kept.replaceAll(/["\\]/g, String.raw`\$&`))}"`]
  })
}

/** Header bytes are UTF-8, which Node writes where each byte is given as one character. */
const toLatin1 = (text: string): string => Buffer.from(text).toString('latin1')

/** Sends whatever went wrong as a Status; what is no ApiError is a fault of ours, logged by the caller. */
export async function sendError(exchange: Exchange, error: unknown): Promise<void> {
  const { response } = exchange
  if (response.headersSent) return void response.destroy()
  const failure = error instanceof ApiError ? error : internalError(error)
  exchange.notes.failure = failure.status
  const retryAfter = failure.status.details?.retryAfterSeconds
  if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter)
  if (failure.code === 413 && exchange.request.httpVersionMajor === 1) response.setHeader('Connection', 'close')
  await sendJson(exchange, failure.code, failure.status, acceptedForm(exchange))
}

/** Failures, too, come as YAML where that is asked for; whoever asks for what there is not gets JSON. */
function acceptedForm({ request }: Exchange): Accepted | undefined {
  if (request.headers.accept?.includes('application/yaml') !== true) return undefined
  try {
    return negotiate(request.headers.accept)
  } catch {
    return undefined
  }
}

export function internalError(error: unknown): ApiError {
  const message = error instanceof Error ? error.message : String(error)
  const facts = { causes: [{ message }] }
  return apiError('InternalError', `Internal error occurred: ${message}`, facts)
}
