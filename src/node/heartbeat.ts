import type { Lease } from '../api/generated/coordination-v1.ts'
import type { Node } from '../api/generated/core-v1.ts'
import { leases, nodes } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import { formatMicroTime } from '../env/clock.ts'
import type { Timer } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import { extendedAllocatable, register, reportNode } from './registration.ts'
import type { Pressures } from './registration.ts'

/** Kubernetes' figures: a lease of 40 s renewed every 10 s, and a full status every 5 min. */
const LEASE_SECONDS = 40
const RENEW_MS = 10_000
const STATUS_MS = 300_000
const NAMESPACE = 'kube-node-lease'

/** Renews the node's lease until closed; a failed renewal is tried again with the next, and logged. */
export interface Heartbeat {
  /** Writes the node's status now. */
  report(): Promise<void>
  close(): void
}

/** `pace` stretches all times: a cluster of thousands of simulated nodes beats as often as one of hundreds. */
export function startHeartbeat(
  env: Environment,
  client: Client,
  node: Node,
  pace = 1,
  pressures: () => Pressures = () => new Set(),
): Heartbeat {
  let timer: Timer | undefined
  let closed = false
  let reportedMs = env.clock.monotonicMs()
  // Registered anew, a node has another uid, and its lease another owner.
  let registered = node
  const beat = async () => {
    try {
      await renew(env, client, registered, pace)
      const isDue = env.clock.monotonicMs() - reportedMs >= STATUS_MS * pace
      if (isDue || !(await isKnownReady(client, node))) {
        // Somebody deleted the node, took its silence for death, such as while the machine slept, or gave it more to offer.
        registered = await register(env, client, node, pressures())
        reportedMs = env.clock.monotonicMs()
      }
    } catch (error) {
      env.log.warn('a node could not renew its lease', { node: node.metadata.name, error })
    }
    if (!closed) timer = env.timers.after(RENEW_MS * pace, () => void beat(), { background: true })
  }
  void beat()
  return {
    async report() {
      await reportNode(env, client, registered, pressures())
    },
    close() {
      closed = true
      timer?.cancel()
    },
  }
}

/** Whether what the API says of the node needs no correction. */
async function isKnownReady(client: Client, node: Node): Promise<boolean> {
  try {
    const known = await client.get(nodes, { name: node.metadata.name ?? '' })
    const isReady = known.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    return isReady === true && Object.keys(extendedAllocatable(node, known)).length === 0
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false
    throw error
  }
}

async function renew(env: Environment, client: Client, node: Node, pace: number): Promise<void> {
  const { name = '', uid } = node.metadata
  const spec = {
    holderIdentity: name,
    leaseDurationSeconds: LEASE_SECONDS * pace,
    renewTime: formatMicroTime(env.clock.now()),
  }
  try {
    await client.patch(leases, { namespace: NAMESPACE, name }, { type: 'merge', patch: { spec } })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
    const owner = { apiVersion: 'v1', kind: 'Node', name, uid: uid ?? '' }
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: NAMESPACE, ...(uid !== undefined && { ownerReferences: [owner] }) },
      spec,
    }
    await client.create(leases, lease)
  }
}
