import type { Ingress, IngressBackend } from '../../api/generated/networking-v1.ts'

/** A backend of an Ingress: a port of a Service in its namespace. */
export interface BackendName {
  readonly namespace: string
  readonly service: string
  readonly port: string | number
}

/** One line of the table: requests to `host` whose path fits go to `backend`. */
export interface Route {
  /** Undefined: any host. `*.example.com` stands for one label. */
  readonly host: string | undefined
  readonly path: string
  readonly isExact: boolean
  /** Undefined: there is none, and the request is answered 404. */
  readonly backend: BackendName | undefined
}

export interface RouteTable {
  /** The best first: whichever fits first is taken. */
  readonly routes: readonly Route[]
}

/** Puts the rules of all Ingresses together; of two for the same host and path the older Ingress's counts. */
export function routeTable(ingresses: readonly Ingress[]): RouteTable {
  const byAge = ingresses.toSorted((a, b) => ageKey(a).localeCompare(ageKey(b)))
  const own = byAge.flatMap(routesOf)
  const fallback = byAge
    .map((ingress) => backendOf(ingress, ingress.spec?.defaultBackend))
    .find((one) => one !== undefined)
  const routes =
    fallback === undefined ? own : [...own, { host: undefined, path: '/', isExact: false, backend: fallback }]
  return { routes: routes.toSorted(byPrecedence) }
}

const ageKey = ({ metadata }: Ingress) =>
  `${metadata.creationTimestamp ?? ''} ${metadata.namespace ?? ''}/${metadata.name ?? ''}`

function routesOf(ingress: Ingress): readonly Route[] {
  const fallback = backendOf(ingress, ingress.spec?.defaultBackend)
  return (ingress.spec?.rules ?? []).flatMap(({ host, http }): Route[] => {
    const at = host === undefined || host === '' ? undefined : host.toLowerCase()
    if (http === undefined) return [{ host: at, path: '/', isExact: false, backend: fallback }]
    return http.paths.map(({ path = '/', pathType, backend }) => ({
      host: at,
      path: path === '' ? '/' : path,
      isExact: pathType === 'Exact',
      backend: backendOf(ingress, backend),
    }))
  })
}

function backendOf({ metadata }: Ingress, backend: IngressBackend | undefined): BackendName | undefined {
  const { name, port } = backend?.service ?? {}
  const wanted = port?.name || port?.number
  if (name === undefined || wanted === undefined) return undefined
  return { namespace: metadata.namespace ?? '', service: name, port: wanted }
}

/** A host over a wildcard over any, then the longer path, then the exact one (Kubernetes' rules for Ingress). */
function byPrecedence(a: Route, b: Route): number {
  return (
    hostRank(a.host) - hostRank(b.host) ||
    (b.host?.length ?? 0) - (a.host?.length ?? 0) ||
    elements(b.path).length - elements(a.path).length ||
    b.path.length - a.path.length ||
    Number(b.isExact) - Number(a.isExact)
  )
}

const hostRank = (host: string | undefined) => (host === undefined ? 2 : host.startsWith('*.') ? 1 : 0)

/** The route of a request; undefined where none fits. `host` is that of the request, with or without its port. */
export function routeFor({ routes }: RouteTable, host: string, url: string): Route | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const path = url.split('?', 1)[0] ?? ''
  // A host that has rules of its own is none of those for any host, whatever the path.
  const owned = routes.filter((route) => route.host !== undefined && fitsHost(route.host, name))
  const best = owned[0]?.host
  const own = owned.filter((route) => route.host === best)
  return [...own, ...routes.filter((route) => route.host === undefined)].find((route) => fitsPath(route, path))
}

export function fitsHost(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === name
  const dot = name.indexOf('.')
  return dot > 0 && name.slice(dot) === pattern.slice(1)
}

const elements = (path: string) => path.split('/').filter((element) => element !== '')

/** Prefixes are of whole elements: `/foo` fits `/foo/bar` and `/foo/`, not `/foobar`. */
function fitsPath({ path, isExact }: Route, asked: string): boolean {
  if (isExact) return path === asked
  const wanted = elements(path)
  const found = elements(asked)
  return wanted.every((element, i) => element === found[i])
}
