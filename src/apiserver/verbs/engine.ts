import type { Surroundings } from '../../api/validation/addresses.ts'
import type { Environment } from '../../env/environment.ts'
import type { Change, Commit, Mutation, Store } from '../../store/store.ts'
import { StoreError } from '../../store/store.ts'
import { apiError } from '../../api/meta/status.ts'
import type { WatchHub } from '../../watch/watch-hub.ts'
import type { AdmissionChain } from '../admission/admission.ts'
import type { DynamicAdmission } from '../admission/dynamic/dynamic-admission.ts'
import type { Allocations } from '../allocation/allocations.ts'
import type { NodeStreams } from '../subresources/node-streams.ts'
import type { TokenSigner } from '../subresources/token-signer.ts'
import type { AcceptedSpecs } from './accepted-specs.ts'
import type { Authorizer } from './authorizer.ts'
import type { Catalog, ServedResource } from './served-resource.ts'

/** What the verbs work with: one for each API server, put together by `createApiServer`. */
export interface Engine {
  readonly environment: Environment
  readonly store: Store
  readonly watches: WatchHub
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly admission: AdmissionChain
  /** Webhooks and policies. */
  readonly dynamic: DynamicAdmission
  readonly allocations: Allocations
  /** What need not be validated again. */
  readonly acceptedSpecs: AcceptedSpecs
  /** What of the cluster decides which addresses are valid. */
  readonly surroundings: Surroundings
  readonly nodeStreams: NodeStreams | undefined
  readonly tokens: TokenSigner | undefined
  /** What must be loaded before a write of this resource begins; undefined where nothing is missing. */
  readonly prepare: (resource: ServedResource) => Promise<void> | undefined
  /** By storage name: what must be true before a durable write is acknowledged, such as a new kind being served. */
  readonly afterWrite: ReadonlyMap<string, (change: Change) => Promise<void>>
}

/** Commits what goes with a write, in the same turn before it: what becomes of the write is told by its own commit. */
export function commitBeside(engine: Engine, mutations: readonly Mutation[]): void {
  for (const mutation of mutations) commit(engine, [mutation]).catch(() => {})
}

/**
 * Commits and waits until it is durable. Callers check the head and call this in one turn, so nobody overtakes them. A
 * store that cannot flush answers 500: nothing of the commit remains and the client may try again.
 */
export async function commit(engine: Engine, mutations: readonly Mutation[]): Promise<Commit> {
  const pending = engine.store.commit(mutations)
  try {
    return await pending
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (error.code === 'busy') throw apiError('TooManyRequests', error.message, { retryAfterSeconds: 1 })
    throw apiError('InternalError', `Internal error occurred: ${error.message}`, {
      causes: [{ message: error.message }],
    })
  }
}
