import { readdirSync } from 'node:fs'
import type { Environment } from '../../env/environment.ts'
import type { Store } from '../../store/store.ts'
import type { Exchange } from '../http/exchange.ts'
import type { InFlight } from '../http/in-flight.ts'
import type { RequestPath } from '../http/request-path.ts'
import { VERSION } from '../http/version.ts'
import type { Catalog } from '../verbs/served-resource.ts'
import type { Counter, Families, Histogram } from './families.ts'
import { metricVerb, scopeOf } from './request-verb.ts'

/** What a server counts of itself, under Kubernetes' names. */
export interface ServerMetrics {
  /** A request has been answered, or its connection has ended. */
  answered(exchange: Exchange, path: RequestPath, verb: string, seconds: number): void
  /** An answer without an end has begun; returns the way to say that it has ended. */
  began(exchange: Exchange, path: RequestPath, verb: string): () => void
  /** Counts events sent to watchers of one kind. */
  watchEvents(group: string, version: string, kind: string): Counter
  text(): string
}

export interface MetricSources {
  readonly families: Families
  readonly environment: Environment
  readonly catalog: Catalog
  readonly store: Store | undefined
  readonly inFlight: InFlight
}

const SECONDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
] as const
const RESOURCE = ['group', 'version', 'resource', 'subresource', 'scope', 'component'] as const

/** Made with the server; what is counted costs a look-up and some additions for each request. */
export function createServerMetrics(sources: MetricSources): ServerMetrics {
  const { families } = sources
  const requests = families.counter(
    'apiserver_request_total',
    'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
    ['verb', 'dry_run', ...RESOURCE, 'code'],
  )
  const durations = families.histogram(
    'apiserver_request_duration_seconds',
    'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
    ['verb', 'dry_run', ...RESOURCE],
    SECONDS,
  )
  const events = families.counter('apiserver_watch_events_total', 'Number of events sent in watch clients', [
    'group',
    'version',
    'kind',
  ])
  const running = new Map<string, { readonly labels: readonly string[]; count: number }>()
  addGauges(families, sources, running)
  const known = new Map<string, { readonly total: Counter; readonly duration: Histogram }>()
  const labelsOf = (exchange: Exchange, path: RequestPath, verb: string) => {
    const contentType = exchange.request.headers['content-type']
    return [metricVerb(verb, path, contentType), dryRunOf(exchange), ...resourceLabels(sources.catalog, path)]
  }
  return {
    answered(exchange, path, verb, seconds) {
      const key = keyOf(exchange, path, verb)
      let children = known.get(key)
      if (children === undefined) {
        const labels = labelsOf(exchange, path, verb)
        const code = String(exchange.response.statusCode)
        children = { total: requests.with(...labels, code), duration: durations.with(...labels) }
        if (known.size < 5_000) known.set(key, children)
      }
      children.total.add()
      if (verb !== 'watch') children.duration.observe(seconds)
    },
    began(exchange, path, verb) {
      const [name = '', _dryRun, ...labels] = labelsOf(exchange, path, verb)
      const key = [name, ...labels].join(' ')
      const found = running.get(key) ?? { labels: [name, ...labels], count: 0 }
      running.set(key, found)
      found.count++
      return () => {
        found.count--
        if (found.count === 0) running.delete(key)
      }
    },
    watchEvents: (group, version, kind) => events.with(group, version, kind),
    text: () => families.text(),
  }
}

/** What tells requests with other labels apart, without looking any of them up. */
function keyOf(exchange: Exchange, path: RequestPath, verb: string): string {
  const { response, query, request } = exchange
  const form = verb === 'patch' ? (request.headers['content-type'] ?? '') : ''
  const how = `${verb} ${response.statusCode} ${query === undefined ? '' : (query.get('dryRun') ?? '')} ${form}`
  if ('other' in path) return how
  return `${how} ${path.group}/${path.version}/${path.plural}/${path.subresource ?? ''} ${scopeOf(path)}`
}

function dryRunOf({ query }: Exchange): string {
  return query === undefined ? '' : (query.get('dryRun') ?? '')
}

/** Only of resources that are served: what strangers make up is not worth a label. */
function resourceLabels(catalog: Catalog, path: RequestPath): readonly string[] {
  if ('other' in path || catalog.find(path.group, path.version, path.plural) === undefined)
    return ['', '', '', '', '', 'apiserver']
  const { group, version, plural, subresource = '' } = path
  return [group, version, plural, subresource, scopeOf(path), 'apiserver']
}

function addGauges(
  families: Families,
  { environment, store, inFlight }: MetricSources,
  running: ReadonlyMap<string, { readonly labels: readonly string[]; readonly count: number }>,
): void {
  families.gauge(
    'apiserver_current_inflight_requests',
    'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    ['request_kind'],
    () => [
      [inFlight.count('mutating'), 'mutating'],
      [inFlight.count('readOnly'), 'readOnly'],
    ],
  )
  families.gauge(
    'apiserver_longrunning_requests',
    'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
    ['verb', ...RESOURCE],
    () => [...running.values()].map(({ labels, count }) => [count, ...labels] as const),
  )
  families.gauge(
    'apiserver_storage_objects',
    'Number of stored objects at the time of last check split by kind.',
    ['resource'],
    () => {
      const snapshot = store?.durable()
      return [...(snapshot?.resources() ?? [])].map((name) => [snapshot!.count(name), name] as const)
    },
  )
  const { major, minor, gitVersion } = VERSION
  families.gauge(
    'kubernetes_build_info',
    "A metric with a constant '1' value labeled by major, minor and git version.",
    ['major', 'minor', 'git_version'],
    () => [[1, major, minor, gitVersion]],
  )
  addProcess(families, environment)
}

function addProcess(families: Families, { clock }: Environment): void {
  const startSeconds = clock.now() / 1000 - process.uptime()
  const one = (name: string, help: string, read: () => number) => families.gauge(name, help, [], () => [[read()]])
  one('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  one('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss())
  one(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    () => Math.round(startSeconds * 100) / 100,
  )
  one('process_open_fds', 'Number of open file descriptors.', () => {
    try {
      return readdirSync('/proc/self/fd').length
    } catch {
      return 0
    }
  })
}
