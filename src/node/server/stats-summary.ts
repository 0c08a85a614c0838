import { formatTime } from '../../env/clock.ts'
import type { MachineUsage } from '../usage/machine-usage.ts'
import type { NodeUse, PodUse, Usage } from '../../runtime/usage.ts'

/** `/stats/summary`, version 1alpha1, of what is measured here. */
export function statsSummary(nodeName: string, use: NodeUse, machine: MachineUsage | undefined) {
  const time = formatTime(use.atMs)
  return {
    node: {
      nodeName,
      startTime: formatTime(use.startedAtMs),
      cpu: cpuOf(time, use.node),
      memory: {
        ...memoryOf(time, use.node),
        ...(machine !== undefined && { availableBytes: machine.memoryAvailableBytes }),
      },
      ...(machine !== undefined && { fs: fsOf(time, machine) }),
    },
    pods: use.pods.map((pod) => podStats(time, pod)),
  }
}

function podStats(time: string, { name, namespace, uid, startedAtMs, containers }: PodUse) {
  const total = (amountOf: (each: Usage) => number) => containers.reduce((sum, each) => sum + amountOf(each), 0)
  const whole: Usage = {
    cpuMs: total(({ cpuMs }) => cpuMs),
    cpuMillis: total(({ cpuMillis }) => cpuMillis),
    memoryBytes: total(({ memoryBytes }) => memoryBytes),
    windowMs: 0,
  }
  return {
    podRef: { name, namespace, uid },
    startTime: formatTime(startedAtMs),
    containers: containers.map((container) => ({
      name: container.name,
      startTime: formatTime(container.startedAtMs),
      cpu: cpuOf(time, container),
      memory: memoryOf(time, container),
    })),
    ...(containers.length > 0 && { cpu: cpuOf(time, whole), memory: memoryOf(time, whole) }),
    process_stats: { process_count: containers.reduce((sum, { processes }) => sum + processes, 0) },
  }
}

const cpuOf = (time: string, { cpuMillis, cpuMs }: Usage) => ({
  time,
  usageNanoCores: Math.round(cpuMillis * 1e6),
  usageCoreNanoSeconds: Math.round(cpuMs * 1e6),
})

const memoryOf = (time: string, { memoryBytes }: Usage) => ({
  time,
  usageBytes: memoryBytes,
  workingSetBytes: memoryBytes,
})

const fsOf = (time: string, machine: MachineUsage) => ({
  time,
  availableBytes: machine.diskAvailableBytes,
  capacityBytes: machine.diskBytes,
  usedBytes: machine.diskUsedBytes,
  inodesFree: machine.inodesFree,
  inodes: machine.inodes,
  inodesUsed: machine.inodes - machine.inodesFree,
})
