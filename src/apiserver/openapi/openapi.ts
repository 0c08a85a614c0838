import { createHash } from 'node:crypto'
import type { ApiKind, Registry } from '../../api/registry.ts'
import { definitionsFor } from './definitions.ts'
import { pathDocuments } from './path-documents.ts'

/** A document whose bytes are made when they are first asked for; its hash is known before. */
export interface OpenApiDocument {
  readonly hash: string
  bytes(): Uint8Array
}

/** The API described for tools: `kubectl explain`, validation and code generators read it. */
export interface OpenApi {
  /** `/openapi/v3`, `/openapi/v3/apis/apps/v1`, `/openapi/v2`. */
  document(path: string): OpenApiDocument | undefined
}

const INFO = { title: 'Kubernetes', version: 'v1.34.4' }

/** Of the registry as it is now; whoever keeps one makes another when the registry changes. */
export function createOpenApi(registry: Pick<Registry, 'all'>): OpenApi {
  const kinds = [...registry.all()].filter(({ isDescribed }) => isDescribed !== false)
  const byVersion = Map.groupBy(kinds, ({ type }) => versionPath(type))
  const documents = new Map<string, OpenApiDocument>()
  for (const [path, some] of byVersion) {
    documents.set(
      `/openapi/v3/${path}`,
      lazyDocument(hashOf(some), () => versionDocument(some)),
    )
  }
  const index = () => ({ paths: Object.fromEntries([...byVersion.keys()].map((path) => indexEntry(path, documents))) })
  documents.set('/openapi/v3', lazyDocument(hashOf(kinds), index))
  documents.set(
    '/openapi/v2',
    lazyDocument(hashOf(kinds), () => swaggerDocument(kinds)),
  )
  return { document: (path) => documents.get(path) }
}

const versionPath = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`

function indexEntry(path: string, documents: ReadonlyMap<string, OpenApiDocument>) {
  const hash = documents.get(`/openapi/v3/${path}`)?.hash ?? ''
  return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const
}

/** What a document says follows from its kinds alone, and costs less to hash than the document does to make. */
function hashOf(kinds: readonly ApiKind[]): string {
  const hash = createHash('sha512').update(INFO.version)
  for (const { type, definition } of kinds) hash.update(JSON.stringify([type, definition?.metadata.resourceVersion]))
  return hash.digest('hex').toUpperCase()
}

/** A document that is made when it is first asked for. */
export function lazyDocument(hash: string, make: () => unknown): OpenApiDocument {
  let bytes: Uint8Array | undefined
  return { hash, bytes: () => (bytes ??= new TextEncoder().encode(JSON.stringify(make()))) }
}

function versionDocument(kinds: readonly ApiKind[]) {
  const paths = Object.assign({}, ...kinds.map(pathDocuments)) as Readonly<Record<string, unknown>>
  return {
    openapi: '3.0.0',
    info: INFO,
    paths,
    components: { schemas: definitionsFor(kinds, '#/components/schemas/') },
  }
}

/** The older form, without paths: those who still read it look up definitions. */
function swaggerDocument(kinds: readonly ApiKind[]) {
  return { swagger: '2.0', info: INFO, paths: {}, definitions: definitionsFor(kinds, '#/definitions/') }
}
