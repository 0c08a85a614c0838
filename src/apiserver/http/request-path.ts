/** What a path names: a resource or a part of it, or something else that the server answers. */
export type RequestPath = ResourcePath | OtherPath

export interface ResourcePath {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
  /** The path asks for a watch, in the old form `/api/v1/watch/pods`. */
  readonly watches?: true
  /** What follows the subresource, for proxies: without a leading slash. */
  readonly rest?: string
}

export interface OtherPath {
  /** The whole path, without the query. */
  readonly other: string
}

/** Parts of a Namespace itself; anything else behind its name is a resource within it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

/**
 * Reads a path such as `/apis/apps/v1/namespaces/x/deployments/y/status` (no query). Whether group, version and resource
 * are served is not looked at.
 */
export function parsePath(path: string): RequestPath {
  const segments = path.split('/')
  if (segments.at(-1) === '') segments.pop()
  if (segments[1] === 'api') return parseResource(path, '', segments, 2)
  if (segments[1] === 'apis') return parseResource(path, segments[2] ?? '', segments, 3)
  return { other: path }
}

/** `segments[at]` is the version. */
function parseResource(path: string, group: string, segments: readonly string[], at: number): RequestPath {
  const version = segments[at]
  const first = segments[at + 1]
  if (version === undefined || first === undefined || hasGap(segments)) return { other: path }
  if (first === 'watch' && segments[at + 2] !== undefined) {
    const watched = parseResource(path, group, segments.toSpliced(at + 1, 1), at)
    return 'other' in watched ? watched : { ...watched, watches: true }
  }
  const within = segments[at + 3]
  if (first === 'namespaces' && within !== undefined && !NAMESPACE_SUBRESOURCES.has(within)) {
    const namespace = decode(segments[at + 2] ?? '')
    return { group, version, plural: within, namespace, ...objectOf(segments, at + 4) }
  }
  return { group, version, plural: first, ...objectOf(segments, at + 2) }
}

/** Behind a proxy a path may look as it likes. */
function hasGap(segments: readonly string[]): boolean {
  const gap = segments.indexOf('', 1)
  const proxy = segments.indexOf('proxy', 1)
  return gap >= 0 && (proxy < 0 || gap < proxy)
}

function objectOf(segments: readonly string[], at: number): Pick<ResourcePath, 'name' | 'subresource' | 'rest'> {
  const name = segments[at]
  const subresource = segments[at + 1]
  if (name === undefined) return {}
  if (subresource === undefined) return { name: decode(name) }
  const rest = segments.length > at + 2 ? { rest: segments.slice(at + 2).join('/') } : {}
  return { name: decode(name), subresource, ...rest }
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
