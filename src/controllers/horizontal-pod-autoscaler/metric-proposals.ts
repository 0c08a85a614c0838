import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
} from '../../api/generated/autoscaling-v2.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { formatQuantity, milliOf } from '../../api/meta/quantity.ts'
import { isReady } from '../pod-phase.ts'
import type { MetricsReader } from './metrics-reader.ts'
import { groupPods, requestsOf } from './pod-groups.ts'
import { averageRatio, proposeByShare, proposeByValue, proposeReplicas, utilizationRatio } from './replica-count.ts'
import type { Tolerances } from './replica-count.ts'
import type { Usages } from './pod-usage.ts'

/** What is scaled, as it is now. */
export interface Scene {
  readonly autoscaler: HorizontalPodAutoscaler
  readonly specReplicas: number
  readonly statusReplicas: number
  readonly selector: string
  readonly pods: readonly Pod[]
  /** The autoscalers known to size these pods, this one among them, as `namespace/name`. */
  readonly contenders: () => readonly string[]
  readonly metrics: MetricsReader
  /** The resource of a kind, as it stands in paths. */
  readonly pluralOf: (apiVersion: string, kind: string) => string
  readonly nowMs: number
}

/** How many pods one metric asks for. */
export interface MetricProposal {
  readonly replicas: number
  /** How the metric is called in conditions and events. */
  readonly name: string
  readonly status: MetricStatus
}

/** A metric from which nothing can be told. */
export class MetricError extends Error {
  /** The reason of the event and the condition. */
  readonly said: string
  /** What went wrong, without what it was done for: the text of the event and the condition. */
  readonly detail: string
  constructor(reason: string, detail: string, message: string) {
    super(message)
    this.name = 'MetricError'
    this.said = reason
    this.detail = detail
  }
}

/** Use may be a tenth off where the autoscaler does not say otherwise. */
const TOLERANCE = 0.1

export async function proposalOf(scene: Scene, spec: MetricSpec): Promise<MetricProposal> {
  const { reason, message, propose } = kindOf(spec)
  try {
    return await propose(scene, spec)
  } catch (error) {
    const detail = (error as Error).message
    throw new MetricError(reason, detail, `${message}: ${detail}`)
  }
}

interface MetricKind {
  readonly reason: string
  readonly message: string
  readonly propose: (scene: Scene, spec: MetricSpec) => Promise<MetricProposal>
}

function kindOf(spec: MetricSpec): MetricKind {
  switch (spec.type) {
    case 'Resource': {
      const message = `failed to get ${spec.resource!.name} resource metric value`
      return { reason: 'FailedGetResourceMetric', message, propose: ofResource }
    }
    case 'ContainerResource': {
      const message = `failed to get ${spec.containerResource!.container} container metric value`
      return { reason: 'FailedGetContainerResourceMetric', message, propose: ofContainer }
    }
    case 'Pods':
      return { reason: 'FailedGetPodsMetric', message: 'failed to get pods metric value', propose: ofPods }
    case 'Object':
      return { reason: 'FailedGetObjectMetric', message: 'failed to get object metric value', propose: ofObject }
    default: {
      const message = `failed to get ${spec.external?.metric.name} external metric value`
      return { reason: 'FailedGetExternalMetric', message, propose: ofExternal }
    }
  }
}

async function ofResource(scene: Scene, { resource }: MetricSpec): Promise<MetricProposal> {
  const { name, target } = resource!
  const { replicas, current } = await byResource(scene, name, target)
  const isShare = target.averageValue === undefined
  const label = isShare ? `${name} resource utilization (percentage of request)` : `${name} resource`
  return { replicas, name: label, status: { type: 'Resource', resource: { name, current } } }
}

async function ofContainer(scene: Scene, { containerResource }: MetricSpec): Promise<MetricProposal> {
  const { name, container, target } = containerResource!
  const { replicas, current } = await byResource(scene, name, target, container)
  const isShare = target.averageValue === undefined
  const label = isShare ? `${name} container resource utilization (percentage of request)` : `${name} resource`
  const status = { type: 'ContainerResource', containerResource: { name, container, current } }
  return { replicas, name: label, status }
}

async function byResource(scene: Scene, name: string, target: MetricTarget, container?: string) {
  const { averageValue, averageUtilization } = target
  const what = averageValue === undefined ? 'utilization' : 'usage'
  try {
    if (averageValue === undefined && averageUtilization === undefined) throw new Error(NO_RESOURCE_TARGET)
    const usages = await readOr(`unable to get metrics for resource ${name}`, () =>
      scene.metrics.ofPods(name, scene.autoscaler.metadata.namespace!, scene.selector, container),
    )
    if (averageValue !== undefined) return byAverage(scene, usages, milliOf(averageValue), name)
    const groups = groupPods(podsOf(scene), usages, name, scene.nowMs)
    if (groups.usages.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)')
    const requests = requestsOf(scene.pods, name, container)
    const share = Math.max(100, averageUtilization!) / 100
    const ratio = utilizationRatio(requests, averageUtilization!)
    const fallback = (pod: string) => Math.trunc((requests.get(pod) ?? 0) * share)
    const { replicas, average, utilization } = proposeReplicas(
      scene.specReplicas,
      groups,
      ratio,
      fallback,
      tolerances(scene),
    )
    return { replicas, current: { averageUtilization: utilization!, averageValue: quantity(average, name) } }
  } catch (error) {
    throw new Error(`failed to get ${name} ${what}: ${(error as Error).message}`, { cause: error })
  }
}

const NO_RESOURCE_TARGET =
  'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set'

function byAverage(scene: Scene, usages: Usages, target: number, resource: string) {
  const groups = groupPods(podsOf(scene), usages, resource, scene.nowMs)
  const ratio = averageRatio(target)
  const { replicas, average } = proposeReplicas(scene.specReplicas, groups, ratio, () => target, tolerances(scene))
  return { replicas, current: { averageValue: quantity(average, resource) } }
}

async function ofPods(scene: Scene, { pods }: MetricSpec): Promise<MetricProposal> {
  const { metric, target } = pods!
  const usages = await readOr(`unable to get metric ${metric.name}`, () =>
    scene.metrics.ofPodsCustom(metric.name, scene.autoscaler.metadata.namespace!, scene.selector),
  )
  const { replicas, current } = byAverage(scene, usages, milliOf(target.averageValue!), '')
  return { replicas, name: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric, current } } }
}

async function ofObject(scene: Scene, { object }: MetricSpec): Promise<MetricProposal> {
  const { metric, target, describedObject } = object!
  const namespace = scene.autoscaler.metadata.namespace!
  const plural = scene.pluralOf(describedObject.apiVersion ?? 'v1', describedObject.kind)
  let usage: number
  try {
    usage = await scene.metrics.ofObject(metric.name, namespace, describedObject, plural)
  } catch (error) {
    const why = (error as Error).message
    const { kind, name } = describedObject
    throw new Error(`unable to get metric ${metric.name}: ${kind} on ${namespace} ${name}/${why}`, { cause: error })
  }
  const { replicas, current } = bySingleValue(scene, usage, target)
  const name = `${describedObject.kind} metric ${metric.name}`
  return { replicas, name, status: { type: 'Object', object: { metric, describedObject, current } } }
}

async function ofExternal(scene: Scene, { external }: MetricSpec): Promise<MetricProposal> {
  const { metric, target } = external!
  const namespace = scene.autoscaler.metadata.namespace!
  const usage = await readOr(`unable to get external metric ${namespace}/${metric.name}`, () =>
    scene.metrics.external(metric.name, namespace, metric.selector),
  )
  const { replicas, current } = bySingleValue(scene, usage, target)
  return {
    replicas,
    name: `external metric ${metric.name}`,
    status: { type: 'External', external: { metric, current } },
  }
}

function bySingleValue(scene: Scene, usage: number, { value, averageValue }: MetricTarget) {
  const allowed = tolerances(scene)
  if (averageValue !== undefined) {
    const { replicas, average } = proposeByShare(scene.statusReplicas, usage, milliOf(averageValue), allowed)
    return { replicas, current: { averageValue: quantity(average) } }
  }
  if (value === undefined)
    throw new Error('invalid metric source: neither a value target nor an average value target was set')
  const ready = () => podsOf(scene).filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length
  const replicas = proposeByValue(scene.specReplicas, usage, milliOf(value), ready, allowed)
  return { replicas, current: { value: quantity(usage) } }
}

function podsOf({ pods }: Scene): readonly Pod[] {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count')
  return pods
}

async function readOr<T>(message: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new Error(`${message}: ${(error as Error).message}`, { cause: error })
  }
}

function tolerances({ autoscaler }: Scene): Tolerances {
  const { scaleUp, scaleDown } = autoscaler.spec?.behavior ?? {}
  const share = (tolerance: string | number | undefined) =>
    tolerance === undefined ? TOLERANCE : milliOf(tolerance) / 1000
  return { up: share(scaleUp?.tolerance), down: share(scaleDown?.tolerance) }
}

function quantity(milli: number, resource = ''): string {
  const format = resource === 'memory' ? 'BinarySI' : 'DecimalSI'
  return formatQuantity({ nanos: BigInt(milli) * 1_000_000n, format })
}
