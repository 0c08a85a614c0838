import type { Node, Pod } from '../../api/generated/core-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import type { ContainerUse, NodeUse, PodUse, Usage } from '../../runtime/usage.ts'

const API_VERSION = 'metrics.k8s.io/v1beta1'

/** What a node uses, as metrics servers tell it. */
export function nodeMetrics({ metadata }: Node, { atMs, node }: NodeUse): KubeObject {
  const { name = '', labels } = metadata
  return { ...headOf('NodeMetrics', { name, labels }, atMs, node.windowMs), usage: usageOf(node) } as KubeObject
}

/** What a pod uses; undefined where a container of it was not measured, as then its sum would be wrong. */
export function podMetrics({ metadata, spec }: Pod, use: PodUse, atMs: number): KubeObject | undefined {
  const { name = '', namespace, labels } = metadata
  const measured = new Map(use.containers.map((container) => [container.name, container] as const))
  const isWhole = spec?.containers.every((container) => measured.has(container.name)) === true
  if (!isWhole || use.containers.length === 0) return undefined
  const windowMs = Math.min(...use.containers.map((container) => container.windowMs))
  const containers = use.containers.map((container: ContainerUse) => ({
    name: container.name,
    usage: usageOf(container),
  }))
  return { ...headOf('PodMetrics', { name, namespace, labels }, atMs, windowMs), containers } as KubeObject
}

function headOf(
  kind: string,
  {
    labels,
    namespace,
    name,
  }: { name: string; namespace?: string | undefined; labels?: KubeObject['metadata']['labels'] | undefined },
  atMs: number,
  windowMs: number,
) {
  const creationTimestamp = formatTime(atMs)
  const place = { name, ...(namespace !== undefined && { namespace }), ...(labels !== undefined && { labels }) }
  const window = `${(Math.round(windowMs) / 1000).toFixed(3)}s`
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: { ...place, creationTimestamp },
    timestamp: creationTimestamp,
    window,
  }
}

/** In the units that metrics servers use: billionths of a CPU, and kibibytes. */
function usageOf({ cpuMillis, memoryBytes }: Usage) {
  return { cpu: `${Math.round(cpuMillis * 1e6)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` }
}
