import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { KubeObject } from '../../api/object.ts'
import { exactInteger } from '../../api/meta/big-integers.ts'
import { jsonProblem } from '../../api/meta/json-problem.ts'
import { ApiError, apiError } from '../../api/meta/status.ts'
import { decodeObject } from '../../api/schema/decode.ts'
import type { Catalog } from '../verbs/served-resource.ts'
import type { Body } from '../verbs/request.ts'
import { checkValue, parseBoundedJson } from './bounded-json.ts'
import { duplicateFields } from './duplicate-fields.ts'

/** The largest body that is read, as in Kubernetes: 3 MiB. */
export const BODY_LIMIT_BYTES = 3 * 1024 * 1024

/** Turns bodies of one media type into plain values; others than JSON, YAML and Protobuf can be added. */
export interface BodyDecoder {
  readonly mediaType: string
  decode(bytes: Buffer): Promise<unknown> | unknown
}

/** The form that Go's typed clients send; its tables are loaded when the first such body comes. */
export const PROTOBUF: BodyDecoder = {
  mediaType: 'application/vnd.kubernetes.protobuf',
  decode: async (bytes) => (await import('./protobuf-body.ts')).decodeProtobuf(bytes),
}

/** The kind that a body is to have; where it says nothing it is taken to have it. */
export interface ExpectedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** Reads a request's body whole. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= BODY_LIMIT_BYTES) return void chunks.push(chunk)
      reject(apiError('RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT_BYTES}`))
      chunks.length = 0
    })
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

export function mediaTypeOf(request: IncomingMessage): string {
  const header = request.headers['content-type']
  return header === undefined ? '' : (header.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** Reads and decodes the object that a create or update sends, and checks that it is of the kind that the path expects. */
export async function readObject(
  request: IncomingMessage,
  expected: ExpectedKind,
  catalog: Catalog,
  decoders: readonly BodyDecoder[] = [],
): Promise<Body> {
  const mediaType = mediaTypeOf(request)
  const bytes = await readBody(request)
  if (mediaType === 'application/yaml') {
    const { value, duplicates } = await parseYaml(bytes, expected.kind)
    // A text without a value is an object of the kind that is expected, with nothing in it.
    const body = typed(value ?? {}, expected, catalog, bytes)
    return duplicates.length === 0
      ? body
      : { ...body, strictErrors: duplicates.map((one) => `yaml: unmarshal errors:\n  ${one}`) }
  }
  if (mediaType === '' || mediaType === 'application/json' || mediaType === '*/*') {
    return parseJsonObject(bytes, expected, catalog)
  }
  const decoder = [PROTOBUF, ...decoders].find((each) => each.mediaType === mediaType)
  if (decoder === undefined) throw unsupportedMediaType()
  return typed(await decodeBy(decoder, bytes, expected.kind), expected, catalog)
}

async function decodeBy(decoder: BodyDecoder, bytes: Buffer, kind: string): Promise<unknown> {
  try {
    return await decoder.decode(bytes)
  } catch (error) {
    if (decoder !== PROTOBUF || !(error instanceof ApiError)) throw error
    throw unrecognized(error.message.replace(PROTOBUF_FAULT, ''), bytes, kind)
  }
}

const PROTOBUF_FAULT = "couldn't get version/kind; protobuf parse error: "

export function unsupportedMediaType() {
  const accepted = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`
  return apiError('UnsupportedMediaType', message)
}

function parseJsonObject(bytes: Buffer, expected: ExpectedKind, catalog: Catalog): Body {
  const json = bytes.toString()
  let value: unknown
  try {
    // Definitions read the bodies of their own kinds; the others' are read as Go reads them.
    value = parseBoundedJson(
      json,
      catalog.findKind(expected.group, expected.version, expected.kind)?.definition === undefined,
    )
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw unrecognized(`couldn't get version/kind; json parse error: ${goMessage(error, json)}`, json, expected.kind)
  }
  const body = typed(value, expected, catalog)
  const duplicates = duplicateFields(json)
  if (duplicates.length === 0) return body
  return { ...body, strictErrors: duplicates.map((path) => `duplicate field "${path}"`) }
}

/** A value in YAML, and what strict decoding has to say of it. */
export interface ParsedYaml {
  readonly value: unknown
  /** Such as `line 9: key "foo" already set in map`; the last of equal keys counts. */
  readonly duplicates: readonly string[]
}

/** Parses YAML, of which JSON is a part: aliases are limited, so that a small text cannot unfold into a huge value. */
export async function parseYaml(
  bytes: Buffer,
  kind: string,
  refuse: (problem: string, text: string) => Error = (problem, text) => unrecognized(problem, text, kind),
): Promise<ParsedYaml> {
  const { LineCounter, parseDocument, visit } = await import('yaml')
  if (!isUtf8(bytes)) throw refuse('yaml: invalid UTF-8', '')
  const text = bytes.toString()
  const lineCounter = new LineCounter()
  const options = {
    version: '1.1',
    schema: 'yaml-1.1',
    merge: true,

    uniqueKeys: false,
    intAsBigInt: true,
    lineCounter,
  } as const
  try {
    const document = parseDocument(text, options)
    // Of several documents the first counts.
    const fault = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS')
    if (fault !== undefined) throw fault
    const keysOf = new Map<unknown, Set<unknown>>()
    const duplicates: string[] = []
    visit(document, {
      Pair(_, { key }, path) {
        const { value, range } = key as { readonly value?: unknown; readonly range?: readonly number[] }
        const known = keysOf.get(path.at(-1)) ?? new Set()
        keysOf.set(path.at(-1), known)
        const { line } = lineCounter.linePos(range?.[0] ?? 0)
        if (known.has(value)) duplicates.push(`line ${line}: key ${JSON.stringify(value)} already set in map`)
        known.add(value)
      },
    })
    const value: unknown = document.toJS({ maxAliasCount: 100, reviver: (_key, part) => narrowed(part) })
    checkValue(value)
    return { value: sorted(value), duplicates }
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw refuse(yamlMessage(error), text)
  }
}

/** In Go what is read from YAML is in the order of its keys: of several faults that of the first is told. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const keys = Object.keys(value).sort()
  const object: Record<string, unknown> = {}
  for (const key of keys) {
    const part = sorted((value as Record<string, unknown>)[key])
    Object.defineProperty(object, key, { value: part, enumerable: true, configurable: true, writable: true })
  }
  return object
}

const narrowed = (part: unknown): unknown => (typeof part === 'bigint' ? exactInteger(part) : part)

/** Go's words for what is commonly wrong with YAML; what its parser would say of the rest is not known. */
function yamlMessage(error: unknown): string {
  const {
    code = '',
    message = String(error),
    linePos,
  } = error as {
    readonly code?: string
    readonly message?: string
    readonly linePos?: readonly { readonly line: number }[]
  }
  const said = GO_YAML[code]
  return said === undefined ? message : `yaml: line ${linePos?.[0]?.line ?? 1}: ${said}`
}

const GO_YAML: Readonly<Record<string, string>> = {
  BAD_INDENT: 'did not find expected node content',
  MISSING_CHAR: "did not find expected ',' or ']'",
  TAB_AS_INDENT: 'found character that cannot start any token',
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
}

function unrecognized(problem: string, text: string | Buffer, kind: string) {
  return apiError(
    'BadRequest',
    `the object provided is unrecognized (must be of type ${kind}): ${problem} (${summary(text)})`,
  )
}

const SUMMARY_LENGTH = 30

function summary(text: string | Buffer): string {
  if (text.length === 0) return '<empty>'
  const shown = typeof text === 'string' && text.startsWith('{') ? text.slice(0, SUMMARY_LENGTH) : hexOf(text)
  return text.length > SUMMARY_LENGTH ? `${shown} ...` : shown
}

const hexOf = (text: string | Buffer): string => Buffer.from(text).subarray(0, SUMMARY_LENGTH).toString('hex')

/** What Go's decoder says where V8's says otherwise; clients show it as it is. */
export function goMessage(error: unknown, text: string): string {
  return jsonProblem(text) ?? (error instanceof Error ? error.message : String(error))
}

function typed(value: unknown, expected: ExpectedKind, catalog: Catalog, source?: Buffer): Body {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const problem = `couldn't get version/kind; json parse error: ${notAnObject(value)}`
    throw unrecognized(problem, source ?? JSON.stringify(value) ?? '', expected.kind)
  }
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown }
  if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) {
    throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`, JSON.stringify(value), expected.kind)
  }
  const wanted = expected.group === '' ? expected.version : `${expected.group}/${expected.version}`
  if (apiVersion === wanted && kind === expected.kind) return { value }
  const given = expected.kind === 'Eviction' && apiVersion === 'policy/v1beta1' ? wanted : apiVersion
  const actual = { apiVersion: given || wanted, kind: kind || expected.kind }
  if (actual.apiVersion === wanted && actual.kind === expected.kind) return { value: { ...value, ...actual } }
  throw wrongKind({ ...value, ...actual }, expected, wanted, catalog)
}

/** Go's words for a body that is no object, of which it first reads what it is. */
export function notAnObject(value: unknown): string {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const struct =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
  return `json: cannot unmarshal ${type} into Go value of type ${struct}`
}

function wrongKind(value: object, expected: ExpectedKind, wanted: string, catalog: Catalog) {
  const [apiVersion, kind] = [String((value as KubeObject).apiVersion), String((value as KubeObject).kind)]
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion]
  const sent = catalog.findKind(group ?? '', version ?? '', kind)
  if (sent !== undefined) {
    // A body is decoded as what it says it is before anyone looks whether that was wanted.
    const type = catalog.findKind(expected.group, expected.version, expected.kind)?.type
    if (type !== undefined && sent.definition === undefined) decodeObject(type, value, sent.schema())
    if (apiVersion !== wanted && kind === expected.kind) {
      const message = `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`
      return apiError('BadRequest', message)
    }
    return unknownConversion(version ?? '', kind, expected)
  }
  if (isKnownList(catalog, group ?? '', version ?? '', kind)) {
    return unknownConversion(version ?? '', kind, expected)
  }
  const scheme = 'pkg/runtime/scheme.go:110'
  const problem = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "${scheme}"`
  return apiError('BadRequest', `${kind} in version "${version}" cannot be handled as a ${expected.kind}: ${problem}`)
}

function unknownConversion(version: string, kind: string, expected: ExpectedKind) {
  const to = `${expected.group.split('.')[0] || 'core'}.${expected.kind}`
  const problem = `converting (${version}.${kind}) to (${to}): unknown conversion`
  return apiError('BadRequest', `${kind} in version "${version}" cannot be handled as a ${expected.kind}: ${problem}`)
}

const isKnownList = (catalog: Catalog, group: string, version: string, kind: string): boolean =>
  kind.endsWith('List') &&
  ((kind === 'List' && group === '' && version === 'v1') ||
    catalog.findKind(group, version, kind.slice(0, -'List'.length)) !== undefined)
