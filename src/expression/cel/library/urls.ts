import type { Library } from '../functions.ts'
import { EvaluationError, LiteralMap, Opaque } from '../values.ts'

interface Url {
  readonly text: string
  readonly scheme: string
  readonly host: string
  readonly path: string
  readonly query: string
}

type Value = Opaque<Url>

/** Kubernetes' URLs: absolute ones, or absolute paths. */
export const URLS: Library = {
  'url(string) kubernetes.URL': (text: string) => made(read(text)),
  'isURL(string) bool': (text: string) => parse(text) !== undefined,
  'kubernetes.URL::getScheme() string': ({ value }: Value) => value.scheme,
  'kubernetes.URL::getHost() string': ({ value }: Value) => value.host,
  'kubernetes.URL::getHostname() string': ({ value }: Value) => hostname(value.host),
  'kubernetes.URL::getPort() string': ({ value }: Value) => /:(\d*)$/.exec(value.host)?.[1] ?? '',
  'kubernetes.URL::getEscapedPath() string': ({ value }: Value) => value.path,
  'kubernetes.URL::getQuery() map<string, list<string>>': ({ value }: Value) => queryOf(value.query),
}

const made = (value: Url): Value => new Opaque('kubernetes.URL', value, value.text)

const hostname = (host: string): string => host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')

/** As Go's `url.ParseRequestURI` reads it; undefined for what it refuses. */
function parse(text: string): Url | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?]*))?(\/[^?]*)?(?:\?(.*))?$/.exec(text)
  if (match === null) return undefined
  const [, scheme = '', authority = '', path = '', query = ''] = match
  if (scheme === '' && !text.startsWith('/')) return undefined
  const host = authority.replace(/^.*@/, '')
  if (/[\s<>"\\^`{}|]/.test(host) || /:\D+$/.test(host.replace(/^\[.*\]/, ''))) return undefined
  return { text, scheme: scheme.toLowerCase(), host, path: escapedPath(path), query }
}

const escapedPath = (path: string): string => path.replace(/[^!-~]|["<>\\^`{|}]/gu, (one) => encodeURIComponent(one))

function read(text: string): Url {
  const found = parse(text)
  if (found !== undefined) return found
  const why = `parse "${text}": invalid URI for request`
  throw new EvaluationError(`URL parse error during conversion from string: ${why}`)
}

function queryOf(query: string): LiteralMap {
  const values = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(query)) values.set(key, [...(values.get(key) ?? []), value])
  return new LiteralMap(values)
}
