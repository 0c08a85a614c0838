import { apiError } from '../../api/meta/status.ts'

/** The form in which a client wants its answer. */
export interface Accepted {
  readonly encoding: 'json' | 'yaml'
  /** A view of the object instead of itself: `Table`, `PartialObjectMetadata`, or a form of discovery. */
  readonly as?: string
  readonly group?: string
  readonly version?: string
}

/** Views that any object can be answered as, and those that only discovery knows. */
type View = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList' | 'APIGroupDiscoveryList'

const OBJECT_VIEWS: readonly View[] = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']
const OBJECT_VIEW_VERSIONS = ['meta.k8s.io/v1', 'meta.k8s.io/v1beta1']
export const DISCOVERY_VIEWS: readonly View[] = ['APIGroupDiscoveryList']

/** For what has no view but itself. */
export const NO_VIEWS: readonly View[] = []

const JSON_ANSWER: Accepted = { encoding: 'json' }
const REPRESENTATIONS = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

/** Clients send the same few headers over and over; the cache is emptied when it is full. */
const cache = new Map<string, Accepted | undefined>()
const CACHE_LIMIT = 200

/**
 * Picks the first form in an Accept header that we can give; NotAcceptable where there is none. `streams`: whether the path
 * can be watched, too.
 */
export function negotiate(header: string | undefined, views: readonly View[] = OBJECT_VIEWS, streams = true): Accepted {
  if (header === undefined || header === '' || header === '*/*' || header === 'application/json') return JSON_ANSWER
  const key = views === OBJECT_VIEWS ? header : `${views.join()} ${header}`
  if (!cache.has(key)) {
    if (cache.size >= CACHE_LIMIT) cache.clear()
    cache.set(key, firstAccepted(header, views))
  }
  const accepted = cache.get(key)
  if (accepted !== undefined) return accepted
  if (header.split(',').some((clause) => parseClause(clause).parameters.has('as'))) {
    throw apiError('NotAcceptable', `only the following media types are accepted: ${REPRESENTATIONS.join(', ')}`)
  }
  const available = [...REPRESENTATIONS, ...(streams ? STREAMS : [])].join(', ')
  throw apiError('NotAcceptable', `406: Not Acceptable\n\nAvailable representations: ${available}`, {})
}

/** The form of a stream of events, which YAML has none for. */
export function negotiateStream(header: string | undefined): Accepted {
  const accepted = negotiate(header)
  if (accepted.encoding === 'json') return accepted
  throw apiError('NotAcceptable', `only the following media types are accepted: ${STREAMS.join(', ')}`)
}

function firstAccepted(header: string, views: readonly View[]): Accepted | undefined {
  const clauses = header.split(',').map(parseClause)
  clauses.sort((a, b) => b.quality - a.quality)
  for (const { mediaType, parameters } of clauses) {
    const encoding = encodingOf(mediaType)
    if (encoding === undefined) continue
    const as = parameters.get('as')
    if (as === undefined) return { encoding }
    const version = parameters.get('v') ?? ''
    if (!(views as readonly string[]).includes(as)) continue
    if (views === DISCOVERY_VIEWS && `${parameters.get('g') ?? ''}/${version}` !== 'apidiscovery.k8s.io/v2') continue
    if (views === OBJECT_VIEWS && !OBJECT_VIEW_VERSIONS.includes(`${parameters.get('g') ?? ''}/${version}`)) continue
    return { encoding, as, version, group: parameters.get('g') ?? '' }
  }
  return undefined
}

const JSON_TYPES = new Set(['application/json', '*/*', 'application/vnd.kubernetes.protobuf'])

/** Answers stay JSON for those who would have Protobuf: their programs read by what the answer says that it is. */
function encodingOf(mediaType: string): Accepted['encoding'] | undefined {
  if (mediaType === 'application/yaml') return 'yaml'
  return JSON_TYPES.has(mediaType) ? 'json' : undefined
}

function parseClause(clause: string) {
  const [mediaType = '', ...rest] = clause.split(';').map((part) => part.trim())
  const parameters = new Map(rest.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]))
  return { mediaType, parameters, quality: Number(parameters.get('q') ?? 1) }
}
