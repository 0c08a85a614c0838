import { parse as parseYaml } from 'yaml'
import type { Connection } from '../../../src/client/http/connection.ts'
import { readAll } from '../../../src/client/http/response.ts'
import { differences, isObject, normalize } from '../../replay/normalize.ts'

export interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
}

/** What a server answered, as far as two servers must agree. */
export interface Answer {
  readonly status: number
  readonly warning: string
  readonly body: unknown
}

/**
 * Every request is a dry run or may be repeated: one that met a closing connection is sent again. Where that is
 * cut off too (a real server panics at some), the answer's status is 0.
 */
export async function ask(connection: Connection, request: Request): Promise<Answer> {
  const cut = (error: Error): Answer => ({ status: 0, warning: '', body: error.message })
  return await askOnce(connection, request).catch(() => askOnce(connection, request).catch(cut))
}

async function askOnce(connection: Connection, { method, path, body, contentType, accept }: Request): Promise<Answer> {
  const content =
    body === undefined ? {} : { body: JSON.stringify(body), contentType: contentType ?? 'application/json' }
  const response = await connection.send({
    method,
    path,
    ...content,
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(accept !== undefined && { accept }),
  })
  const text = (await readAll(response)).toString()
  const type = response.headers['content-type'] ?? ''
  return {
    status: response.statusCode ?? 0,
    warning: String(response.headers['warning'] ?? ''),
    body: type.includes('json') ? parsed(text) : type.includes('yaml') ? fromYaml(text) : text,
  }
}

/** Go sorts the keys and breaks long lines: what counts is what it says. */
const fromYaml = (text: string): unknown => parseYaml(text) as unknown

/** A request that is not answered at all counts as cut off. */
const PATIENCE_MS = 5000

/** One value, or one for each line of a watch. */
function parsed(text: string): unknown {
  const lines = text.trim().split('\n')
  const isStream = lines.every((line) => line.startsWith('{"type"'))
  // A bookmark comes when a timer goes, now and then within the second that a watch lasts; one that ends what exists does not.
  const isTold = (line: string) => !line.startsWith('{"type":"BOOKMARK"') || line.includes('initial-events-end')
  return isStream
    ? lines.filter(isTold).map((line) => JSON.parse(line) as unknown)
    : text.trim() === ''
      ? ''
      : JSON.parse(text)
}

/** Where the answers of two servers differ, `want` being right. Causes and lists in messages may come in any order. */
export function compare(want: Answer, got: Answer, namespace: string): readonly string[] {
  // A real server panics at some requests: there is nothing to be like.
  if (want.status === 0) return []
  return differences(comparable(want, namespace), comparable(got, namespace))
}

function comparable({ status, warning, body }: Answer, namespace: string): unknown {
  const normal = normalize(withoutGoDiff(body), namespace)
  return { status, warning: normalize(warning, namespace), body: isFailure(normal) ? sortedFailure(normal) : normal }
}

/**
 * What a pod's update may not change is shown as a difference of Go's own structs, what a patch made of an object as Go
 * writes it, versions included; the words around count.
 */
function withoutGoDiff(value: unknown): unknown {
  if (typeof value === 'string') {
    const patched = value.replaceAll(/(Invalid value: )"\{\\"(?:\w+)\\":[^]*\}": /g, '$1<patched>: ')
    return patched.replaceAll(/(previously negative\))\n[^]*$/g, '$1')
  }
  if (Array.isArray(value)) return value.map(withoutGoDiff)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutGoDiff(part)]))
}

const isFailure = (body: unknown): body is Record<string, unknown> =>
  isObject(body) && body['kind'] === 'Status' && body['status'] === 'Failure'

/** Go walks maps in no order: faults of several keys are listed in any. */
function sortedFailure(body: Record<string, unknown>): unknown {
  const details = body['details']
  const message = String(body['message'])
  const [, head = message, list = ''] = /^(.*?is invalid: )\[(.*)\]$/s.exec(message) ?? []
  const sorted = list === '' ? message : head + list.split(', ').toSorted().join(', ')
  if (!isObject(details) || !Array.isArray(details['causes'])) return { ...body, message: sorted }
  const causes = details['causes'].toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
  return { ...body, message: sorted, details: { ...details, causes } }
}
