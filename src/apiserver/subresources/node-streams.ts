import type { Duplex } from 'node:stream'
import type { LogOptions } from '../../client/client.ts'
import type { NodeUse } from '../../runtime/usage.ts'
import type { CommandStreams, StartCommand } from '../../streams/remote-command/command.ts'

/** A pod on a node, as a node's server addresses it. */
export interface PodAddress {
  readonly node: string
  readonly namespace: string
  readonly pod: string
  readonly uid: string
}

/** A container of a pod on a node. */
export interface ContainerAddress extends PodAddress {
  readonly container: string
}

/**
 * The one arrow from the API server to a node: streams, never state. Supplied by the composition root; absent where no
 * node can be reached, and then a request for a stream answers 503 or, as Kubernetes does, an InternalError.
 */
export interface NodeStreams {
  /** The log's bytes as they arrive; ends at the end of the log, or of the container where `follow` is set. */
  logs(address: ContainerAddress, options: LogOptions): Promise<AsyncIterable<Uint8Array>>
  /** Resolves when the container is there, to the way of running a command in it; rejects with an `UpgradeError`. */
  exec(
    address: ContainerAddress,
    request: CommandStreams & { readonly command: readonly string[] },
  ): Promise<StartCommand>
  /** The same for the container's own process. */
  attach(address: ContainerAddress, request: CommandStreams): Promise<StartCommand>
  /** Resolves when the pod is there, to the way of connecting to its ports; rejects with an `UpgradeError`. */
  portForward(address: PodAddress): Promise<(port: number) => Promise<Duplex>>
  /** Connects to the node's own server, which then speaks plain HTTP; absent where nodes have none. */
  connect?(node: string): Promise<Duplex>
  /** What a node and its pods use now; absent where nodes are not measured. */
  usage?(node: string): Promise<NodeUse>
}
