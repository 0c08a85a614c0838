import type { Node, Pod } from '../api/generated/core-v1.ts'
import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { EventRecorder } from '../reconcile/event-recorder.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { PodFiles } from './pod-files.ts'
import type { SourceWatch } from './volumes/source-watch.ts'

export interface ClusterDns {
  readonly server: string
  readonly port: number
  readonly domain: string
  /** It does not answer before there is a Service to ask for; until then the node's own servers do. */
  readonly isLazy: boolean
}

/** What a node asks of the network between pods. */
export interface NodeNetwork {
  /** Resolves when no Service sends new connections to that address any more, or after a bounded time: to whether one did. */
  withdrawn(ip: string): Promise<boolean>
  /** The cluster's name server, when it answers. */
  dns(): Promise<ClusterDns>
}

/** What every part of one node's agent works with. */
export interface NodeContext {
  readonly env: Environment
  /** Acts as the node's own user, `system:node:<name>`. */
  readonly client: Client
  readonly runtime: Runtime
  readonly nodeName: string
  readonly hostIp: string
  readonly files: PodFiles
  readonly events: EventRecorder
  /** Tells of changes of what volumes are made of. */
  readonly sources: SourceWatch
  /** Of a cluster whose network this machine is part of. */
  readonly network?: NodeNetwork
  /** What pods may use of the node: the default of limits in the downward API. */
  /** The node as it was last seen, and the pods that need its resources beside this one. */
  readonly neighbourhood: (pod: Pod) => { readonly node: Node | undefined; readonly others: readonly Pod[] }
  readonly allocatable: () => Readonly<Record<string, string | number>>
}
