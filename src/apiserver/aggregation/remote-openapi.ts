import { createHash } from 'node:crypto'
import { lazyDocument } from '../openapi/openapi.ts'
import type { OpenApiDocument } from '../openapi/openapi.ts'
import { askRemote } from './ask-remote.ts'
import type { AggregationOptions, RemoteDocument } from './ask-remote.ts'
import { mergeSwagger } from './merge-swagger.ts'
import type { Swagger } from './merge-swagger.ts'
import type { RemoteService } from './remote-service.ts'

/** Puts what other servers say of their groups into our OpenAPI documents. */
export interface RemoteOpenApi {
  merged(path: string, own: OpenApiDocument, services: readonly RemoteService[]): Promise<OpenApiDocument>
}

/** What another server said counts for so long: a change there shows here after that, in Kubernetes after a minute. */
const KEPT_MS = 10_000

interface Kept {
  readonly untilMs: number
  readonly document: Promise<RemoteDocument | undefined>
}

interface Index {
  readonly paths?: Readonly<Record<string, { readonly serverRelativeURL?: string }>>
}

export function createRemoteOpenApi(options: AggregationOptions): RemoteOpenApi {
  const { clock } = options.environment
  const kept = new Map<string, Kept>()
  const latest = new Map<string, OpenApiDocument>()
  /** A server behind several versions is asked once. */
  const ask = (service: RemoteService, path: string): Promise<RemoteDocument | undefined> => {
    const key = `${service.namespace}/${service.name}:${service.port}${path}`
    const known = kept.get(key)
    if (known !== undefined && known.untilMs > clock.monotonicMs()) return known.document
    const document = askRemote(options, service, path)
    kept.set(key, { untilMs: clock.monotonicMs() + KEPT_MS, document })
    return document
  }
  const forget = () => {
    for (const [key, { untilMs }] of kept) if (untilMs <= clock.monotonicMs()) kept.delete(key)
  }
  return {
    async merged(path, own, services) {
      if (path !== '/openapi/v2' && path !== '/openapi/v3') return own
      forget()
      const told = await Promise.all(services.map(async (service) => ({ service, document: await ask(service, path) })))
      const found = told.flatMap(({ service, document }) => (document === undefined ? [] : [{ service, document }]))
      const hash = hashOf(own, found)
      const known = latest.get(path)
      if (known?.hash === hash) return known
      const parsed = () => JSON.parse(Buffer.from(own.bytes()).toString()) as object
      const make = () => (path === '/openapi/v3' ? mergeIndex(parsed(), found) : mergeDefinitions(parsed(), found))
      const document = lazyDocument(hash, make)
      latest.set(path, document)
      return document
    },
  }
}

type Told = readonly { readonly service: RemoteService; readonly document: RemoteDocument }[]

/** Servers name their documents by what they hold; where one does not, what it holds is hashed. */
function hashOf(own: OpenApiDocument, told: Told): string {
  const hash = createHash('sha512').update(own.hash)
  for (const { service, document } of told) {
    hash.update(`${service.group}/${service.version}`).update(document.etag ?? JSON.stringify(document.value))
  }
  return hash.digest('hex').toUpperCase()
}

/** The addresses are ours too: requests for them are passed on. */
function mergeIndex(own: Index, told: Told): Index {
  const paths = told.flatMap(({ service: { group, version }, document }) => {
    const path = `apis/${group}/${version}`
    const entry = (document.value as Index).paths?.[path]
    return entry === undefined ? [] : [[path, entry] as const]
  })
  return { ...own, paths: { ...own.paths, ...Object.fromEntries(paths) } }
}

function mergeDefinitions(own: object, told: Told): unknown {
  return told.reduce(
    (merged, { service: { group, version }, document }) =>
      mergeSwagger(merged, document.value as Swagger, `/apis/${group}/${version}/`),
    own as Swagger,
  )
}
