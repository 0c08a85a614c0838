import type { Status } from '../../api/generated/meta-v1.ts'
import type { WatchEvent } from '../../client/client.ts'
import type { ClusterOptions } from '../cluster.ts'

/** The verbs of the Client port that are one question and one answer. */
export type CallVerb =
  'get' | 'list' | 'create' | 'createSubresource' | 'update' | 'patch' | 'delete' | 'deleteCollection'

/** What the program's thread asks of the cluster's. Each `id` is used once. */
export type ToCluster =
  | { readonly do: 'call'; readonly id: number; readonly verb: CallVerb; readonly args: readonly unknown[] }
  | { readonly do: 'watch'; readonly id: number; readonly args: readonly unknown[] }
  | { readonly do: 'logs'; readonly id: number; readonly args: readonly unknown[] }
  /** Ends a call, a watch or a log. */
  | { readonly do: 'stop'; readonly id: number }
  | { readonly do: 'listen'; readonly id: number; readonly at: { readonly port?: number; readonly host?: string } }
  | { readonly do: 'close' }

/** What the cluster's thread answers. */
export type FromCluster =
  | { readonly is: 'started' }
  | { readonly is: 'ready' }
  | { readonly is: 'unready'; readonly error: CarriedError }
  | { readonly is: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly is: 'failure'; readonly id: number; readonly error: CarriedError }
  | { readonly is: 'events'; readonly id: number; readonly events: readonly WatchEvent[] }
  | { readonly is: 'chunk'; readonly id: number; readonly bytes: Uint8Array }
  /** The watch or the log has ended. */
  | { readonly is: 'end'; readonly id: number; readonly error?: CarriedError }
  | { readonly is: 'closed' }

/** An error on its way between threads: structured clone would lose its class. */
export interface CarriedError {
  readonly status?: Status
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly hint?: string
  readonly stack?: string
}

/** What the cluster's thread is started with. */
export interface ThreadData {
  readonly options: Omit<ClusterOptions, 'env'>
}
