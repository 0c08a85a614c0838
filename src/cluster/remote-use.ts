import type { NodeUse, Usage } from '../runtime/usage.ts'

/** `/stats/summary` of a node, of it what is read here. */
export interface Summary {
  readonly node: Measured & { readonly startTime: string }
  readonly pods?: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string }
    readonly startTime: string
    readonly containers?: readonly (Measured & { readonly name: string; readonly startTime: string })[]
  }[]
}

interface Measured {
  readonly cpu?: { readonly time: string; readonly usageNanoCores?: number; readonly usageCoreNanoSeconds?: number }
  readonly memory?: { readonly workingSetBytes?: number }
}

/** Kubelets measure rates over ten seconds or so, and do not say. */
const WINDOW_MS = 10_000

/** What a node and its pods use; containers that have not been measured are left out. */
export function useOf({ node, pods = [] }: Summary): NodeUse {
  return {
    atMs: Date.parse(node.cpu?.time ?? node.startTime),
    startedAtMs: Date.parse(node.startTime),
    node: usageOf(node),
    pods: pods.map(({ podRef, startTime, containers = [] }) => ({
      ...podRef,
      startedAtMs: Date.parse(startTime),
      containers: containers
        .filter(({ cpu, memory }) => cpu?.usageNanoCores !== undefined && memory?.workingSetBytes !== undefined)
        .map((container) => ({
          ...usageOf(container),
          name: container.name,
          startedAtMs: Date.parse(container.startTime),
          processes: 0,
        })),
    })),
  }
}

function usageOf({ cpu, memory }: Measured): Usage {
  return {
    cpuMs: (cpu?.usageCoreNanoSeconds ?? 0) / 1e6,
    cpuMillis: (cpu?.usageNanoCores ?? 0) / 1e6,
    memoryBytes: memory?.workingSetBytes ?? 0,
    windowMs: WINDOW_MS,
  }
}
