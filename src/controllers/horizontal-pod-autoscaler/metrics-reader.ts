import type { CrossVersionObjectReference } from '../../api/generated/autoscaling-v2.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import { formatLabelSelector, fromLabelSelector } from '../../api/meta/label-selector.ts'
import { milliOf } from '../../api/meta/quantity.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { customResource } from '../../api/resource-type.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import { goDurationMs } from '../go-duration.ts'
import type { PodUsage, Usages } from './pod-usage.ts'

/** Where a custom metric says nothing of it. */
const DEFAULT_WINDOW_MS = 60_000

/** Reads the three metrics APIs. Each rejects, with Kubernetes' words, where an API is missing or has nothing to say. */
export interface MetricsReader {
  /** Of the pods that `selector` selects; of one container each, or of all. */
  ofPods(resource: string, namespace: string, selector: string, container?: string): Promise<Usages>
  ofPodsCustom(metric: string, namespace: string, selector: string): Promise<Usages>
  ofObject(metric: string, namespace: string, object: CrossVersionObjectReference, plural: string): Promise<number>
  /** The sum of all that is measured under that name. */
  external(metric: string, namespace: string, selector: LabelSelector | undefined): Promise<number>
}

type Amount = string | number

interface PodMetrics extends KubeObject {
  readonly timestamp: string
  readonly window: string
  readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, Amount>> }[]
}

interface MetricValue extends KubeObject {
  readonly describedObject: { readonly name: string }
  readonly timestamp: string
  readonly windowSeconds?: number
  readonly value: Amount
}

export function createMetricsReader(client: Client): MetricsReader {
  const list = async <T extends KubeObject>(api: Api, plural: string, namespace: string, labelSelector = '') => {
    const options = { namespace, ...(labelSelector === '' ? {} : { labelSelector }) }
    try {
      const { items } = await client.list(typeOf<T>(api, plural), options)
      if (items.length > 0) return items
    } catch (error) {
      const why =
        hasReason(error, 'NotFound') && isUnserved(error) ? (api.unserved ?? error.message) : (error as Error).message
      throw new Error(`unable to fetch metrics from ${api.name} metrics API: ${why}`, { cause: error })
    }
    throw new Error(`no metrics returned from ${api.name} metrics API`)
  }
  return {
    async ofPods(resource, namespace, selector, container) {
      const items = await list<PodMetrics>(RESOURCE, 'pods', namespace, selector)
      return new Map(items.flatMap((item) => podUsage(item, resource, container)))
    },
    async ofPodsCustom(metric, namespace, selector) {
      const items = await list<MetricValue>(CUSTOM, `pods/*/${metric}`, namespace, selector)
      return new Map(items.map((item) => [item.describedObject.name, customUsage(item)]))
    },
    async ofObject(metric, namespace, object, plural) {
      const path = object.kind === 'Namespace' ? `metrics/${metric}` : `${plural}/${object.name}/${metric}`
      const [first] = await list<MetricValue>(CUSTOM, path, namespace)
      return milliOf(first!.value)
    },
    async external(metric, namespace, selector) {
      const text = formatLabelSelector(fromLabelSelector(selector) ?? [])
      const items = await list<MetricValue>(EXTERNAL, metric, namespace, text)
      return items.reduce((sum, item) => sum + milliOf(item.value), 0)
    },
  }
}

interface Api {
  readonly name: string
  readonly group: string
  readonly version: string
  /** What is said where nobody serves it, if it is looked for before it is asked. */
  readonly unserved?: string
}

const RESOURCE: Api = { name: 'resource', group: 'metrics.k8s.io', version: 'v1beta1' }
const CUSTOM: Api = {
  name: 'custom',
  group: 'custom.metrics.k8s.io',
  version: 'v1beta2',
  unserved: 'no custom metrics API (custom.metrics.k8s.io) registered',
}
const EXTERNAL: Api = { name: 'external', group: 'external.metrics.k8s.io', version: 'v1beta1' }

const isUnserved = ({ message }: Error) => message.startsWith('the server could not find the requested resource')

/** In the metrics APIs a metric is a resource by its own name. */
function typeOf<T extends KubeObject>({ group, version }: Api, plural: string): ResourceType<T> {
  const kind = group === RESOURCE.group ? 'PodMetrics' : 'MetricValue'
  return customResource<T>({ group, version, kind, plural })
}

/** A pod of which a container has not been measured has not been measured. */
function podUsage(item: PodMetrics, resource: string, container: string | undefined): [string, PodUsage][] {
  const measured = item.containers.filter(({ name }) => container === undefined || name === container)
  const amounts = measured.map(({ usage }) => usage[resource])
  if (amounts.length === 0 || amounts.includes(undefined)) return []
  const value = amounts.reduce<number>((sum, amount) => sum + milliOf(amount!), 0)
  const usage = { value, atMs: Date.parse(item.timestamp), windowMs: goDurationMs(item.window) }
  return [[item.metadata.name!, usage]]
}

function customUsage({ value, timestamp, windowSeconds }: MetricValue): PodUsage {
  const windowMs = windowSeconds === undefined ? DEFAULT_WINDOW_MS : windowSeconds * 1000
  return { value: milliOf(value), atMs: Date.parse(timestamp), windowMs }
}
