import type { Pod } from '../api/generated/core-v1.ts'
import type { MachineCapacity } from '../runtime/runtime.ts'
import type { NodeContext } from './node-context.ts'
import { podStatus } from './pod-status.ts'
import type { PodWorker } from './pod-worker.ts'
import type { MachineUsage } from './usage/machine-usage.ts'
import type { UsageMeter } from './usage/usage-meter.ts'
import type { NodeUse } from '../runtime/usage.ts'

/** What a node tells of itself and its pods when it is asked. */
export interface NodeReports {
  /** Every pod on the node, with its status as of now. */
  pods(): readonly Pod[]
  /** What the node and its pods use. */
  usage(): Promise<NodeUse>
  /** Undefined where the machine is not the node's own, as in a simulation. */
  machine(): Promise<MachineUsage | undefined>
  capacity(): Promise<MachineCapacity>
}

export function createNodeReports(
  context: NodeContext,
  workers: ReadonlyMap<string, PodWorker>,
  machine?: () => Promise<MachineUsage>,
): NodeReports {
  const { env, runtime, hostIp } = context
  const host = { runtimeName: runtime.name, hostIp }
  let meter: Promise<UsageMeter> | undefined
  const openMeter = async () => {
    const { createUsageMeter } = await import('./usage/usage-meter.ts')
    return createUsageMeter({
      env,
      runtime,
      pods: () => [...workers.values()],
      ...(machine !== undefined && { machine }),
    })
  }
  return {
    pods: () =>
      [...workers.values()].map(({ pod, record }) => ({
        ...pod,
        status: podStatus(pod, record, host, env.clock.now()),
      })),
    usage: async () => (await (meter ??= openMeter())).measure(),
    machine: async () => await machine?.(),
    capacity: () => runtime.capacity(),
  }
}
