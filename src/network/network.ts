import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { PodNetwork } from '../runtime/pod-network.ts'
import { createNameService } from './dns/name-service.ts'
import type { ClusterDns } from './dns/name-service.ts'
import { watchIngresses } from './ingress/ingresses.ts'
import { watchPolicies } from './policy/policies.ts'
import { startBalancing } from './services/balancing.ts'
import { watchServices } from './services/service-watch.ts'

export interface NetworkOptions {
  readonly env: Environment
  readonly client: Client
  /** The network of the pods; asked for when there is something to do with it. */
  readonly podNetwork: () => Promise<PodNetwork>
  /** Where Services have their addresses. */
  readonly serviceRange: string
}

/**
 * The network between the pods of one machine: what is sent to Services arrives at pods, names are answered, Ingresses
 * served, policies kept.
 */
export interface Network extends AsyncDisposable {
  /** Resolves when no Service sends new connections to the pod's address any more, or after a bounded time: to whether one did. */
  withdrawn(ip: string): Promise<boolean>
  /** The cluster's name server, which answers once this resolves; on loopback once there is a Service to ask for. */
  dns(): Promise<ClusterDns>
  close(): Promise<void>
}

/** Watches from now on; beyond the name server, what does something is loaded and started with the first object that needs it. */
export function startNetwork(options: NetworkOptions): Network {
  const { env, client } = options
  const watch = watchServices(env, client)
  const balancing = startBalancing({ ...options, watch, onService: () => names.start() })
  const names = createNameService({ ...options, watch, isSettled: () => balancing.isSettled })
  const ingresses = watchIngresses({ ...options, watch })
  const policies = watchPolicies(options)
  // Pods with networks of their own need it from their first moment on, and are not to wait for it.
  if (!options.serviceRange.startsWith('127.')) names.start()
  const close = async () => {
    watch.close()
    await Promise.all([balancing.close(), ingresses.close(), policies.close()])
    await names.close()
  }
  return { withdrawn: balancing.withdrawn, dns: names.dns, close, [Symbol.asyncDispose]: close }
}
