import type { Node, Pod } from '../api/generated/core-v1.ts'
import { milliOf, wholeOf } from '../api/meta/quantity.ts'
import type { KubeObject } from '../api/object.ts'
import { occupies, viewOf } from '../placement/cluster-view.ts'
import type { ViewKind } from '../placement/cluster-view.ts'
import { podRequests } from '../placement/pod-requests.ts'
import type { Random } from '../env/random.ts'
import { tryPlacing } from './trial.ts'

/** Thousandths of a CPU, and bytes. */
export interface CpuAndMemory {
  readonly cpu: number
  readonly memory: number
}

/** How well a cluster is used, and what following the recommendations would change. */
export interface Utilization {
  readonly allocatable: CpuAndMemory
  readonly requested: CpuAndMemory
  /** Absent where nobody measures. */
  readonly used?: CpuAndMemory
  /** What pods would request if each recommendation were followed; absent where there is none. */
  readonly recommended?: CpuAndMemory
  readonly nodes: {
    readonly all: number
    /** With pods that could be elsewhere: those of DaemonSets do not count. */
    readonly occupied: number
    /** On so few a trial placement packs the same pods; absent where one of them did not fit. */
    readonly packed?: number
    readonly packedAsRecommended?: number
  }
}

export interface UtilizationInput {
  readonly nodes: readonly Node[]
  readonly pods: readonly Pod[]
  readonly others: readonly (readonly [ViewKind, KubeObject])[]
  readonly used?: CpuAndMemory
  /** The requests that are recommended for a container, if any. */
  readonly recommendationFor: (pod: Pod, container: string) => Readonly<Record<string, string>> | undefined
  readonly random: Random
}

/** What is allocatable, requested and used, in sum, and on how few nodes the pods would fit: pure, on lists of a moment. */
export function utilization(input: UtilizationInput): Utilization {
  const bound = input.pods.filter(occupies)
  const resized = bound.map((pod) => asRecommended(pod, input.recommendationFor))
  const hasRecommendations = resized.some((pod, index) => pod !== bound[index])
  const movable = bound.filter((pod) => !isOfDaemonSet(pod))
  const packed = pack(input, bound)
  const packedAsRecommended = hasRecommendations ? pack(input, resized) : undefined
  return {
    allocatable: sumOf(input.nodes.filter(({ spec }) => spec?.unschedulable !== true).map(allocatableOf)),
    requested: sumOf(bound.map(requestedOf)),
    ...(input.used !== undefined && { used: input.used }),
    ...(hasRecommendations && { recommended: sumOf(resized.map(requestedOf)) }),
    nodes: {
      all: input.nodes.length,
      occupied: new Set(movable.map(({ spec }) => spec?.nodeName)).size,
      ...(packed !== undefined && { packed }),
      ...(packedAsRecommended !== undefined && { packedAsRecommended }),
    },
  }
}

function allocatableOf({ status }: Node): CpuAndMemory {
  const { cpu = '0', memory = '0' } = status?.allocatable ?? {}
  return { cpu: milliOf(cpu), memory: wholeOf(memory) }
}

function requestedOf(pod: Pod): CpuAndMemory {
  const { cpu = 0, memory = 0 } = podRequests(pod).exact
  return { cpu, memory }
}

export function sumOf(all: readonly CpuAndMemory[]): CpuAndMemory {
  return all.reduce((sum, one) => ({ cpu: sum.cpu + one.cpu, memory: sum.memory + one.memory }), { cpu: 0, memory: 0 })
}

const isOfDaemonSet = ({ metadata }: Pod) =>
  metadata.ownerReferences?.some(({ kind, controller }) => kind === 'DaemonSet' && controller === true) === true

/** The pod with the requests that are recommended; the same pod where none are. */
function asRecommended(pod: Pod, recommendationFor: UtilizationInput['recommendationFor']): Pod {
  if (pod.spec === undefined) return pod
  let changed = false
  const containers = pod.spec.containers.map((container) => {
    const target = recommendationFor(pod, container.name)
    if (target === undefined) return container
    changed = true
    const { resources } = container
    return { ...container, resources: { ...resources, requests: { ...resources?.requests, ...target } } }
  })
  return changed ? { ...pod, spec: { ...pod.spec, containers } } : pod
}

/** The scheduler's profile that fills nodes up. */
const PACKING = 'least-remaining'

/** The nodes that the pods take when each, the largest first, goes where the least is left; pods of DaemonSets stay where they are. */
function pack({ nodes, others, random }: UtilizationInput, pods: readonly Pod[]): number | undefined {
  const [fixed, movable] = [pods.filter(isOfDaemonSet), pods.filter((pod) => !isOfDaemonSet(pod))]
  const view = viewOf(nodes, fixed, others)
  const taken = new Set<string>()
  const size = (pod: Pod) => requestedOf(pod)
  const sorted = movable.toSorted((a, b) => size(b).cpu - size(a).cpu || size(b).memory - size(a).memory)
  for (const pod of sorted) {
    const placement = tryPlacing({ view, random }, unbound(pod))
    if (!placement.placed) return undefined
    view.table.addPod(pod, placement.nodeName)
    taken.add(placement.nodeName)
  }
  return taken.size
}

function unbound(pod: Pod): Pod {
  const { nodeName: _, ...spec } = pod.spec ?? { containers: [] }
  return { ...pod, spec: { ...spec, schedulerName: PACKING } }
}
