import type { Environment } from '../../env/environment.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import type { Authenticator } from '../authn/authenticator.ts'
import type { AuditSink } from '../audit/audit-log.ts'
import type { AuditPolicy } from '../audit/policy.ts'
import type { Backups } from '../backup/backups.ts'
import type { DiscoverySource } from '../discovery/discovery.ts'
import type { Store } from '../../store/store.ts'
import type { Families } from '../metrics/families.ts'
import type { Authorizer } from '../verbs/authorizer.ts'
import type { Catalog } from '../verbs/served-resource.ts'
import type { Verbs } from '../verbs/verbs.ts'
import type { HealthChecks } from './health.ts'
import type { InFlightLimits } from './in-flight.ts'
import type { BodyDecoder } from './request-body.ts'

/** What the HTTP server is put on top of. */
export interface HttpServerOptions {
  readonly environment: Environment
  readonly verbs: Verbs
  readonly catalog: Catalog & DiscoverySource
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly health?: HealthChecks
  /** Other servers that answer a part of the API. */
  readonly aggregation?: Aggregation
  /** Saving and bringing back all objects, at `/shoal/backup` and `/shoal/restore`. */
  readonly backups?: Backups
  /** How much may be under way at once. */
  readonly inFlight?: Partial<InFlightLimits>
  /** Counts what is served; read at `/metrics`. */
  readonly families?: Families
  /** For the number of objects among the metrics. */
  readonly store?: Store
  /** Where each request is recorded. */
  readonly audit?: AuditSink
  /** What is recorded of which request. Default: all at level Metadata. */
  readonly auditPolicy?: AuditPolicy
  /** How long a client may take to send a request, in milliseconds. Default five minutes, and 32 s for its headers. */
  readonly receiveTimeoutMs?: number
  readonly decoders?: readonly BodyDecoder[]
  /** The public half of the service account key, as a JSON Web Key, for `/openid/v1/jwks`. */
  readonly tokenKeys?: () => readonly unknown[]
}
