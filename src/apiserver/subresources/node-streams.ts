import type { LogOptions } from '../../client/client.ts'

/** A container of a pod on a node, as a node's server addresses it. */
export interface ContainerAddress {
  readonly node: string
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly container: string
}

/**
 * The one arrow from the API server to a node: streams, never state. Supplied by the composition root; absent where no
 * node can be reached, and then a request for a stream answers 503 or, as Kubernetes does, an InternalError.
 */
export interface NodeStreams {
  /** The log's bytes as they arrive; ends at the end of the log, or of the container where `follow` is set. */
  logs(address: ContainerAddress, options: LogOptions): Promise<AsyncIterable<Uint8Array>>
}
