import { keyOf } from '../../api/object.ts'
import type { KubeObject } from '../../api/object.ts'
import { customResource } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change } from '../../reconcile/change.ts'
import { controllerReference } from '../controller-reference.ts'
import type { ContainerState } from './container-usage.ts'
import type { HistogramState } from './histogram.ts'
import type { VerticalPodAutoscaler } from './resource.ts'
import type { WorkloadUsage } from './workload-usage.ts'

/** `verticalpodautoscalercheckpoints.autoscaling.k8s.io/v1`: what was measured of the containers of one name, over a restart. */
export interface Checkpoint extends KubeObject {
  readonly spec: { readonly vpaObjectName: string; readonly containerName: string }
  readonly status?: {
    readonly version?: string
    readonly lastUpdateTime?: string
    readonly cpuHistogram: HistogramRecord
    readonly memoryHistogram: HistogramRecord
    readonly firstSampleStart?: string
    readonly lastSampleStart?: string
    readonly totalSamplesCount: number
  }
}

interface HistogramRecord {
  readonly referenceTimestamp?: string
  readonly bucketWeights?: Readonly<Record<string, number>>
  readonly totalWeight?: number
}

export const CHECKPOINT_KIND = 'VerticalPodAutoscalerCheckpoint'

export const checkpoints = customResource<Checkpoint>({
  group: 'autoscaling.k8s.io',
  version: 'v1',
  kind: CHECKPOINT_KIND,
  plural: 'verticalpodautoscalercheckpoints',
})

/** The form of the histograms, by the recommender's numbers. */
const VERSION = 'v3'
/** The heaviest bucket of a record has this weight, the others theirs in proportion. */
const HEAVIEST = 10_000

/** Goes on from what was written down of the autoscaler's containers. Fails where it cannot be read: then it is tried again. */
export async function restoreUsage(
  client: Client,
  { metadata }: VerticalPodAutoscaler,
  usage: WorkloadUsage,
): Promise<void> {
  const { items } = await client.list(checkpoints, { namespace: metadata.namespace ?? '' })
  for (const { spec, status } of items) {
    if (spec.vpaObjectName !== metadata.name || status?.version !== VERSION) continue
    usage.of(spec.containerName).restore({
      cpu: stateOf(status.cpuHistogram),
      memory: stateOf(status.memoryHistogram),
      count: status.totalSamplesCount,
      firstMs: Date.parse(status.firstSampleStart ?? '') || 0,
      lastMs: Date.parse(status.lastSampleStart ?? '') || 0,
    })
  }
}

/** Writes down what is known of each container; it goes with its autoscaler. */
export function checkpointChanges(autoscaler: VerticalPodAutoscaler, usage: WorkloadUsage, nowMs: number): Change[] {
  return usage.containers().flatMap((container): Change[] => {
    const state = usage.of(container).save(nowMs)
    if (state.count === 0) return []
    const object = checkpointOf(autoscaler, container, state, nowMs)
    const patch = { type: 'apply', patch: object } as const
    return [{ verb: 'patch', type: checkpoints, key: keyOf(object), patch, forcedBy: 'vertical-pod-autoscaler' }]
  })
}

function checkpointOf(
  autoscaler: VerticalPodAutoscaler,
  containerName: string,
  state: ContainerState,
  nowMs: number,
): Checkpoint {
  const { namespace = '', name: vpaObjectName = '' } = autoscaler.metadata
  const ownerReferences = [controllerReference(autoscaler)]
  return {
    apiVersion: 'autoscaling.k8s.io/v1',
    kind: CHECKPOINT_KIND,
    metadata: { namespace, name: `${vpaObjectName}-${containerName}`, ownerReferences },
    spec: { vpaObjectName, containerName },
    status: {
      version: VERSION,
      lastUpdateTime: formatTime(nowMs),
      cpuHistogram: recordOf(state.cpu),
      memoryHistogram: recordOf(state.memory),
      firstSampleStart: formatTime(state.firstMs),
      lastSampleStart: formatTime(state.lastMs),
      totalSamplesCount: state.count,
    },
  }
}

function recordOf({ referenceMs, weights }: HistogramState): HistogramRecord {
  const heaviest = Math.max(...weights.values(), 0)
  const scaled = [...weights].map(([bucket, weight]) => [bucket, Math.round((weight / heaviest) * HEAVIEST)] as const)
  return {
    referenceTimestamp: formatTime(referenceMs),
    bucketWeights: Object.fromEntries(scaled.filter(([, weight]) => weight > 0)),
    totalWeight: [...weights.values()].reduce((sum, weight) => sum + weight, 0),
  }
}

function stateOf({ referenceTimestamp = '', bucketWeights = {}, totalWeight = 0 }: HistogramRecord): HistogramState {
  const scaled = Object.entries(bucketWeights).map(([bucket, weight]) => [Number(bucket), weight] as const)
  const sum = scaled.reduce((all, [, weight]) => all + weight, 0)
  const weights = new Map(scaled.map(([bucket, weight]) => [bucket, (weight / sum) * totalWeight]))
  return { referenceMs: Date.parse(referenceTimestamp) || 0, weights }
}
