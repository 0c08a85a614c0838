import type { Environment } from '../../env/environment.ts'
import type { Aggregation } from '../aggregation/aggregation.ts'
import type { Authenticator } from '../authn/authenticator.ts'
import type { Backups } from '../backup/backups.ts'
import type { DiscoverySource } from '../discovery/discovery.ts'
import type { Authorizer } from '../verbs/authorizer.ts'
import type { Catalog } from '../verbs/served-resource.ts'
import type { Verbs } from '../verbs/verbs.ts'
import type { HealthChecks } from './health.ts'
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
  readonly decoders?: readonly BodyDecoder[]
  /** The public half of the service account key, as a JSON Web Key, for `/openid/v1/jwks`. */
  readonly tokenKeys?: () => readonly unknown[]
}
