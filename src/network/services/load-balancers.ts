import type { Service } from '../../api/generated/core-v1.ts'
import { services } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import { keyOf } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../reconcile/event-recorder.ts'
import { listenerKey } from '../userland/listener.ts'

/**
 * Gives Services of type LoadBalancer an address at which this machine listens for them: the host's where the ports are
 * free there, else the address that the Service has in the cluster, which the host reaches too.
 */
export interface LoadBalancers {
  /** The address at which the Service is to be listened for; undefined where it is none of ours. */
  addressOf(service: Service): string | undefined
  /** Looks whether the listeners of the Service came to be, and says so in its status. */
  settle(service: Service, failures: ReadonlyMap<string, string>): Promise<'settled' | 'moved'>
}

export interface LoadBalancerOptions {
  readonly client: Client
  readonly events: EventRecorder
  readonly hostAddress: string
}

export function isOurs({ spec }: Service): boolean {
  return spec?.type === 'LoadBalancer' && spec.loadBalancerClass === undefined
}

export function createLoadBalancers({ client, events, hostAddress }: LoadBalancerOptions): LoadBalancers {
  const moved = new Set<string>()
  const uidOf = ({ metadata }: Service) => metadata.uid ?? ''
  const addressOf = (service: Service) => {
    if (!isOurs(service)) return undefined
    return moved.has(uidOf(service)) ? service.spec?.clusterIP : hostAddress
  }

  async function say(service: Service, ip: string | undefined): Promise<void> {
    const known = (service.status?.loadBalancer?.ingress ?? []).map((one) => one.ip).join()
    if (known === (ip ?? '')) return
    const ingress = ip === undefined ? null : [{ ip, ipMode: 'VIP' }]
    try {
      const patch = { status: { loadBalancer: { ingress } } }
      await client.patch(services, keyOf(service), { type: 'merge', patch }, { subresource: 'status' })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  return {
    addressOf,
    async settle(service, failures) {
      const address = addressOf(service)
      if (address === undefined) {
        // What another load balancer says of a Service that is not ours stays.
        if (service.spec?.type !== 'LoadBalancer') await say(service, undefined)
        return 'settled'
      }
      const failed = (service.spec?.ports ?? [])
        .map(({ port, protocol = 'TCP' }) => ({ port, protocol: protocol as 'TCP' | 'UDP', host: address }))
        .find((at) => failures.has(listenerKey(at)))
      if (failed !== undefined && !moved.has(uidOf(service))) {
        moved.add(uidOf(service))
        const code = failures.get(listenerKey(failed))
        const message = `${address}:${failed.port} is not to be had (${code}); the load balancer is at the cluster address`
        events.record({ about: service, type: 'Normal', reason: 'LoadBalancerMoved', message })
        return 'moved'
      }
      await say(service, address)
      return 'settled'
    },
  }
}
