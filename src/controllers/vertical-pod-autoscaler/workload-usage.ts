import type { Pod } from '../../api/generated/core-v1.ts'
import { milliOf, wholeOf } from '../../api/meta/quantity.ts'
import type { KubeObject } from '../../api/object.ts'
import { customResource } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import { createContainerUsage } from './container-usage.ts'
import type { ContainerUsage } from './container-usage.ts'

/** What the containers of a workload's pods used, by the container's name. */
export interface WorkloadUsage {
  /**
   * Adds the newest measurement of each pod, once, and the containers that ran out of memory since. Resolves to why nothing can
   * be measured, if that is so.
   */
  measure(client: Client, namespace: string, pods: readonly Pod[]): Promise<string | undefined>
  containers(): readonly string[]
  of(container: string): ContainerUsage
}

interface PodMetrics extends KubeObject {
  readonly timestamp: string
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[]
}

const podMetrics = customResource<PodMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
})

export function createWorkloadUsage(): WorkloadUsage {
  const containers = new Map<string, ContainerUsage>()
  const measuredAt = new Map<string, string>()
  const endedAt = new Map<string, string>()
  const ofName = (name: string) => {
    const known = containers.get(name) ?? createContainerUsage()
    containers.set(name, known)
    return known
  }
  const forgetGone = (pods: ReadonlySet<string>) => {
    for (const pod of measuredAt.keys()) {
      if (pods.has(pod)) continue
      measuredAt.delete(pod)
      for (const usage of containers.values()) usage.forget(pod)
    }
    for (const key of endedAt.keys()) if (!pods.has(key.slice(0, key.indexOf('/')))) endedAt.delete(key)
  }
  return {
    async measure(client, namespace, pods) {
      const byName = new Map(pods.map((pod) => [pod.metadata.name!, pod]))
      forgetGone(new Set(byName.keys()))
      for (const pod of pods) addOutOfMemory(pod, endedAt, ofName)
      if (pods.length === 0) return undefined
      const items = await metricsOf(client, namespace)
      if (typeof items === 'string') return items
      for (const item of items) {
        const pod = byName.get(item.metadata.name!)
        if (pod === undefined || measuredAt.get(item.metadata.name!) === item.timestamp) continue
        measuredAt.set(item.metadata.name!, item.timestamp)
        addMeasurement(pod, item, ofName)
      }
      return undefined
    },
    containers: () => [...containers.keys()],
    of: ofName,
  }
}

async function metricsOf(client: Client, namespace: string): Promise<readonly PodMetrics[] | string> {
  try {
    return (await client.list(podMetrics, { namespace })).items
  } catch (error) {
    return `unable to fetch metrics from resource metrics API: ${(error as Error).message}`
  }
}

function addMeasurement(
  pod: Pod,
  { timestamp, containers }: PodMetrics,
  ofName: (name: string) => ContainerUsage,
): void {
  for (const { name, usage } of containers) {
    const spec = pod.spec?.containers.find((container) => container.name === name)
    if (spec === undefined || usage['cpu'] === undefined || usage['memory'] === undefined) continue
    ofName(name).add(pod.metadata.name!, {
      atMs: Date.parse(timestamp),
      cpu: milliOf(usage['cpu']) / 1000,
      memory: wholeOf(usage['memory']),
      cpuRequest: milliOf(spec.resources?.requests?.['cpu'] ?? '0') / 1000,
    })
  }
}

/** Each end of a container is looked at once. */
function addOutOfMemory(pod: Pod, seen: Map<string, string>, ofName: (name: string) => ContainerUsage): void {
  for (const { name, lastState } of pod.status?.containerStatuses ?? []) {
    const ended = lastState?.terminated
    if (ended?.reason !== 'OOMKilled') continue
    const key = `${pod.metadata.name}/${name}`
    if (seen.get(key) === ended.finishedAt) continue
    seen.set(key, ended.finishedAt ?? '')
    const limit = pod.spec?.containers.find((container) => container.name === name)?.resources?.limits?.['memory']
    if (limit !== undefined)
      ofName(name).addOutOfMemory(pod.metadata.name!, wholeOf(limit), Date.parse(ended.finishedAt ?? '') || 0)
  }
}
