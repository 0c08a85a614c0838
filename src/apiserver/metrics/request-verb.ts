import type { Exchange } from '../http/exchange.ts'
import { flag } from '../http/query-options.ts'
import type { RequestPath, ResourcePath } from '../http/request-path.ts'

const CONNECTIONS = new Set(['exec', 'attach', 'portforward', 'proxy'])

/** Kubernetes' verb of a request, in small letters: what authorization and audit call it. */
export function verbOf({ method, query }: Pick<Exchange, 'method' | 'query'>, path: RequestPath): string {
  if ('other' in path) return method.toLowerCase()
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (path.subresource === undefined && flag(query, 'watch')) return 'watch'
      return path.name === undefined ? 'list' : 'get'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return path.name === undefined ? 'deletecollection' : 'delete'
    default:
      return method.toLowerCase()
  }
}

/** Whether its answer has no end of its own: a watch, a log that is followed, a connection. */
export function isLongRunning({ query }: Pick<Exchange, 'query'>, verb: string, path: RequestPath): boolean {
  if (verb === 'watch') return true
  if ('other' in path || path.subresource === undefined) return false
  return CONNECTIONS.has(path.subresource) || (path.subresource === 'log' && flag(query, 'follow'))
}

const NAMES: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' }

/** The verb as metrics name it. */
export function metricVerb(verb: string, path: RequestPath, contentType: string | undefined): string {
  if (!('other' in path) && path.subresource !== undefined && CONNECTIONS.has(path.subresource)) return 'CONNECT'
  if (verb === 'patch' && contentType?.startsWith('application/apply-patch') === true) return 'APPLY'
  return NAMES[verb] ?? verb.toUpperCase()
}

/** What a request is about, as metrics name it. */
export function scopeOf(path: ResourcePath): 'resource' | 'namespace' | 'cluster' {
  if (path.name !== undefined) return 'resource'
  return path.namespace === undefined ? 'cluster' : 'namespace'
}
