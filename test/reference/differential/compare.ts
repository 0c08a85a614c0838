import type { Connection } from '../../../src/client/http/connection.ts'
import { readAll } from '../../../src/client/http/response.ts'
import { differences, isObject, normalize } from '../../replay/normalize.ts'

export interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
}

/** What a server answered, as far as two servers must agree. */
export interface Answer {
  readonly status: number
  readonly warning: string
  readonly body: unknown
}

/** Every request is a dry run or may be repeated: one that met a closing connection is sent again. */
export async function ask(connection: Connection, request: Request): Promise<Answer> {
  return await askOnce(connection, request).catch(() => askOnce(connection, request))
}

async function askOnce(connection: Connection, { method, path, body, contentType }: Request): Promise<Answer> {
  const content =
    body === undefined ? {} : { body: JSON.stringify(body), contentType: contentType ?? 'application/json' }
  const response = await connection.send({ method, path, ...content })
  const text = (await readAll(response)).toString()
  const type = response.headers['content-type'] ?? ''
  return {
    status: response.statusCode ?? 0,
    warning: String(response.headers['warning'] ?? ''),
    body: type.includes('json') ? JSON.parse(text) : text,
  }
}

/** Where the answers of two servers differ, `want` being right. Causes and lists in messages may come in any order. */
export function compare(want: Answer, got: Answer, namespace: string): readonly string[] {
  return differences(comparable(want, namespace), comparable(got, namespace))
}

function comparable({ status, warning, body }: Answer, namespace: string): unknown {
  const normal = normalize(withoutGoDiff(body), namespace)
  return { status, warning: normalize(warning, namespace), body: isFailure(normal) ? sortedFailure(normal) : normal }
}

/** What a pod's update may not change is shown as a difference of Go's own structs; the words before it count. */
function withoutGoDiff(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/(previously negative\))\n[^]*$/g, '$1')
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
