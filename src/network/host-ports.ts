import type { Environment } from '../env/environment.ts'
import type { HostPorts, HostPortsOf, PodPort } from '../runtime/host-ports.ts'
import type { ServicePort } from './services/service-port.ts'
import { listenerKey, listenersOf } from './userland/listener.ts'
import { createUserlandBalancer } from './userland/userland-balancer.ts'

/** Nothing of Services is listened on here: a port of the node is as the address of a load balancer with one target. */
const PLACE = { clusterIps: false, nodeAddresses: [] }

/** Ports of the node as listeners of a userland balancer, whose thread starts with the first of them. */
export function createHostPorts(env: Environment): HostPorts {
  const balancer = createUserlandBalancer(env, PLACE)
  /** Whose each listener is, by its key. */
  const owners = new Map<string, string>()

  const close = async (sandboxId: string) => {
    const own = [...owners].filter(([, owner]) => owner === sandboxId)
    for (const [key] of own) owners.delete(key)
    if (own.length > 0) await balancer.apply(new Map([[sandboxId, []]]))
  }
  return {
    async open(of) {
      const { sandboxId } = of
      const ports = of.ports.flatMap((port) => forwarded(port, of))
      const keys = ports.flatMap((port) => listenersOf(port, PLACE)).map(listenerKey)
      const taken = keys.find((key) => owners.has(key))
      if (taken !== undefined) throw new Error(`port ${taken} of the node is another pod's`)
      for (const key of keys) owners.set(key, sandboxId)
      await balancer.apply(new Map([[sandboxId, ports]]))
      const failed = keys.find((key) => balancer.failures.has(key))
      if (failed !== undefined) {
        const code = balancer.failures.get(failed)
        await close(sandboxId)
        throw new Error(`port ${failed} of the node cannot be listened on: ${code}`)
      }
      return keys.flatMap((key) => {
        const other = balancer.shifted.get(key)
        return other === undefined ? [] : [`${key} needs privileges; programs of the host use port ${other} there`]
      })
    },
    close,
    [Symbol.asyncDispose]: () => balancer.close(),
  }
}

const EVERY_ADDRESS = ['', '0.0.0.0', '::']

function forwarded(port: PodPort, { sandboxId, ip, nodeAddresses }: HostPortsOf): readonly ServicePort[] {
  const { hostPort = 0, hostIp = '', containerPort, protocol } = port
  if (hostPort === 0 || (protocol !== 'TCP' && protocol !== 'UDP')) return []
  return [
    {
      id: `${sandboxId}:${protocol}:${hostPort}`,
      protocol,
      port: hostPort,
      clusterIps: [],
      externalIps: [],
      balancerIps: EVERY_ADDRESS.includes(hostIp) ? [...new Set(nodeAddresses)] : [hostIp],
      sourceRanges: [],
      internal: [],
      external: [{ ip, port: containerPort }],
    },
  ]
}
