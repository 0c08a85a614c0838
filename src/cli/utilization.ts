import type { Pod } from '../api/generated/core-v1.ts'
import { nodes, pods, replicaSets } from '../api/generated/resources.ts'
import { milliOf, wholeOf } from '../api/meta/quantity.ts'
import { hasReason } from '../api/meta/status.ts'
import type { KubeObject } from '../api/object.ts'
import { customResource } from '../api/resource-type.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import { verticalPodAutoscalers } from '../controllers/vertical-pod-autoscaler/resource.ts'
import type { VerticalPodAutoscaler } from '../controllers/vertical-pod-autoscaler/resource.ts'
import { systemEnvironment } from '../env/system.ts'
import { sumOf, utilization as utilizationOf } from '../explain/utilization.ts'
import type { CpuAndMemory, Utilization } from '../explain/utilization.ts'
import { otherObjects } from './cluster-snapshot.ts'
import { openTarget } from './target-cluster.ts'
import type { TargetOptions } from './target-cluster.ts'

export interface UtilizationOptions extends TargetOptions {
  readonly output?: 'json' | 'yaml'
}

/** `shoal utilization`: what is requested and used of a cluster, and what following recommendations would free. */
export async function utilization(options: UtilizationOptions): Promise<number> {
  using cluster = await openTarget(options)
  const { client } = cluster
  const [allNodes, allPods, others, used, recommendationFor] = await Promise.all([
    client.list(nodes),
    client.list(pods),
    otherObjects(client),
    usedOf(client),
    recommendationsOf(client),
  ])
  const said = utilizationOf({
    nodes: allNodes.items,
    pods: allPods.items,
    others,
    ...(used !== undefined && { used }),
    recommendationFor,
    random: systemEnvironment('error').random,
  })
  if (options.output === 'json') process.stdout.write(`${JSON.stringify(said, undefined, 2)}\n`)
  else if (options.output === 'yaml') process.stdout.write((await import('yaml')).stringify(said))
  else process.stdout.write(textOf(said))
  return 0
}

const nodeMetrics = customResource<KubeObject & { readonly usage: Readonly<Record<string, string>> }>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'NodeMetrics',
  plural: 'nodes',
  namespaced: false,
})

async function usedOf(client: Client): Promise<CpuAndMemory | undefined> {
  const items = await listedIfServed(client, nodeMetrics)
  if (items.length === 0) return undefined
  return sumOf(
    items.map(({ usage }) => ({ cpu: milliOf(usage['cpu'] ?? '0'), memory: wholeOf(usage['memory'] ?? '0') })),
  )
}

async function listedIfServed<T extends KubeObject>(client: Client, type: ResourceType<T>): Promise<readonly T[]> {
  try {
    return (await client.list(type)).items
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Forbidden') || hasReason(error, 'ServiceUnavailable'))
      return []
    throw error
  }
}

/** Recommendations are found by a pod's workload: its owner, and for pods of a ReplicaSet that one's owner. */
async function recommendationsOf(client: Client) {
  const [autoscalers, sets] = await Promise.all([
    listedIfServed(client, verticalPodAutoscalers),
    listedIfServed(client, replicaSets),
  ])
  const byTarget = new Map(autoscalers.map((one) => [targetKey(one), one] as const))
  const ownerOfSet = new Map(
    sets.map((set) => [`${set.metadata.namespace}/${set.metadata.name}`, ownerOf(set)] as const),
  )
  return (pod: Pod, container: string) => {
    const owner = ownerOf(pod)
    const outer = owner?.kind === 'ReplicaSet' ? ownerOfSet.get(`${pod.metadata.namespace}/${owner.name}`) : undefined
    for (const one of [owner, outer]) {
      const found = byTarget.get(`${pod.metadata.namespace}/${one?.kind}/${one?.name}`)
      const all = found?.status?.recommendation?.containerRecommendations
      const target = all?.find(({ containerName }) => containerName === container)?.target
      if (target !== undefined) return target
    }
    return undefined
  }
}

const targetKey = ({ metadata, spec }: VerticalPodAutoscaler) =>
  `${metadata.namespace}/${spec.targetRef.kind}/${spec.targetRef.name}`

const ownerOf = ({ metadata }: KubeObject) => metadata.ownerReferences?.find(({ controller }) => controller === true)

function textOf({ allocatable, requested, used, recommended, nodes: count }: Utilization): string {
  const share = (part: number, whole: number) => (whole === 0 ? '' : ` (${Math.round((100 * part) / whole)}%)`)
  const row = (name: string, amounts: CpuAndMemory | undefined) => {
    if (amounts === undefined) return []
    const cpu = `${(amounts.cpu / 1000).toFixed(1)}${share(amounts.cpu, allocatable.cpu)}`
    const memory = `${(amounts.memory / 2 ** 30).toFixed(1)}Gi${share(amounts.memory, allocatable.memory)}`
    return [`${name.padEnd(13)}${cpu.padEnd(16)}${memory}`]
  }
  const lines = [
    `${''.padEnd(13)}${'CPU'.padEnd(16)}MEMORY`,
    ...row('allocatable', allocatable),
    ...row('requested', requested),
    ...row('used', used),
    ...row('recommended', recommended),
    `${count.occupied} of ${count.all} nodes have pods${packedText(count)}`,
  ]
  if (used === undefined) lines.push('use is not measured: nobody serves metrics.k8s.io')
  if (recommended === undefined) {
    lines.push('nothing is recommended: a VerticalPodAutoscaler for a workload has its use watched')
  }
  return `${lines.join('\n')}\n`
}

function packedText({ packed, packedAsRecommended }: Utilization['nodes']): string {
  if (packed === undefined) return ''
  const recommended =
    packedAsRecommended === undefined ? '' : `, and with what is recommended on ${packedAsRecommended}`
  return `; packed tightly they would fit on ${packed}${recommended}`
}
