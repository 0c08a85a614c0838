import { createAuditLog } from '../audit/audit-log.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { createFamilies } from '../metrics/families.ts'
import { isLongRunning, verbOf } from '../metrics/request-verb.ts'
import { createServerMetrics } from '../metrics/server-metrics.ts'
import type { ServerMetrics } from '../metrics/server-metrics.ts'
import type { Exchange } from './exchange.ts'
import { createInFlight } from './in-flight.ts'
import type { RequestClass } from './in-flight.ts'
import type { RequestPath } from './request-path.ts'
import type { HttpServerOptions } from './server-options.ts'

/** Looks on while requests are served: counts them, records them, and keeps their number within bounds. */
export interface Watching {
  /** Undefined where too many are under way. */
  enter(exchange: Exchange, path: RequestPath): WatchedRequest | undefined
  /** Of one that was answered without having been let in. */
  refused(exchange: Exchange, path: RequestPath): void
  readonly watchEvents: ServerMetrics['watchEvents']
  metrics(): string
}

export interface WatchedRequest {
  /** It has been answered, or its answer without an end has begun. */
  served(): void
}

/** Whoever asks for these asks whether the server lives. */
const HEALTH = /^\/(healthz|livez|readyz)/
const READING = new Set(['get', 'list', 'watch', 'head', 'options'])

export function createWatching(options: HttpServerOptions): Watching {
  const { environment, catalog, store, families = createFamilies() } = options
  const { clock } = environment
  const inFlight = createInFlight(options.inFlight)
  const metrics = createServerMetrics({ families, environment, catalog, store, inFlight })
  const audit =
    options.audit === undefined ? undefined : createAuditLog(environment, options.audit, options.auditPolicy)
  const ended = (exchange: Exchange, path: RequestPath, verb: string, started: number) => {
    const ms = clock.monotonicMs() - started
    metrics.answered(exchange, path, verb, ms / 1000)
    audit?.record('ResponseComplete', { exchange, path, verb, receivedMs: clock.now() - ms })
  }
  return {
    enter(exchange, path) {
      const verb = verbOf(exchange, path)
      audit?.received({ exchange, path, verb, receivedMs: clock.now() })
      const isLong = isLongRunning(exchange, verb, path)
      const kind: RequestClass = isLong ? 'longRunning' : READING.has(verb) ? 'readOnly' : 'mutating'
      const isHealth = 'other' in path && HEALTH.test(path.other)
      const leave = isHealth ? () => {} : inFlight.enter(kind, exchange.context.user)
      if (leave === undefined) return undefined
      const started = clock.monotonicMs()
      if (isLong)
        return longRunning(exchange, path, verb, { metrics, audit, clock }, leave, () =>
          ended(exchange, path, verb, started),
        )
      return {
        served() {
          leave()
          ended(exchange, path, verb, started)
        },
      }
    },
    refused(exchange, path) {
      const verb = verbOf(exchange, path)
      if (exchange.notes.rule === undefined) audit?.received({ exchange, path, verb, receivedMs: clock.now() })
      ended(exchange, path, verb, clock.monotonicMs())
    },
    watchEvents: metrics.watchEvents,
    metrics: () => metrics.text(),
  }
}

/** One whose connection says when it ends. */
function longRunning(
  exchange: Exchange,
  path: RequestPath,
  verb: string,
  {
    metrics,
    audit,
    clock,
  }: { readonly metrics: ServerMetrics; readonly audit: AuditLog | undefined; readonly clock: { now(): number } },
  leave: () => void,
  ended: () => void,
): WatchedRequest {
  const stop = metrics.began(exchange, path, verb)
  const receivedMs = clock.now()
  const { response } = exchange
  const finish = () => {
    stop()
    leave()
    ended()
  }
  return {
    served() {
      if (response.writableFinished || response.destroyed) return finish()
      response.once('close', finish)
      audit?.record('ResponseStarted', { exchange, path, verb, receivedMs })
    },
  }
}
