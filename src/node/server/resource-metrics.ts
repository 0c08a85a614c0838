import type { NodeUse, PodUse, Usage } from '../../runtime/usage.ts'
import type { MetricFamily, MetricSample } from './prometheus.ts'

/** What `/metrics/resource` says: what metrics servers read, by Kubernetes' stable names. */
export function resourceMetrics(use: NodeUse): readonly MetricFamily[] {
  const { atMs, node, pods, startedAtMs } = use
  const one = (value: number): readonly MetricSample[] => [{ value, atMs }]
  const measured = pods.filter(({ containers }) => containers.length > 0)
  const ofContainers = (valueOf: (use: Usage & { readonly startedAtMs: number }) => number, when?: number) =>
    measured.flatMap((pod) =>
      pod.containers.map((container): MetricSample => {
        const labels = { container: container.name, namespace: pod.namespace, pod: pod.name }
        return { labels, value: valueOf(container), ...(when !== undefined && { atMs: when }) }
      }),
    )
  const ofPods = (valueOf: (use: Usage) => number) =>
    measured.map((pod): MetricSample => {
      const value = pod.containers.reduce((sum, container) => sum + valueOf(container), 0)
      return { labels: { namespace: pod.namespace, pod: pod.name }, value, atMs }
    })
  return [
    counter(
      'container_cpu_usage_seconds_total',
      `${CPU} the container in core-seconds`,
      ofContainers(cpuSeconds, atMs),
    ),
    gauge('container_memory_working_set_bytes', `${MEMORY} the container in bytes`, ofContainers(memory, atMs)),
    gauge(
      'container_start_time_seconds',
      START,
      ofContainers((each) => each.startedAtMs / 1000),
    ),
    counter('node_cpu_usage_seconds_total', `${CPU} the node in core-seconds`, one(cpuSeconds(node))),
    gauge('node_memory_working_set_bytes', `${MEMORY} the node in bytes`, one(node.memoryBytes)),
    counter('pod_cpu_usage_seconds_total', `${CPU} the pod in core-seconds`, ofPods(cpuSeconds)),
    gauge('pod_memory_working_set_bytes', `${MEMORY} the pod in bytes`, ofPods(memory)),
    gauge('resource_scrape_error', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', [
      { value: startedAtMs > 0 ? 0 : 1 },
    ]),
  ]
}

const CPU = '[STABLE] Cumulative cpu time consumed by'
const MEMORY = '[STABLE] Current working set of'
const START = '[STABLE] Start time of the container since unix epoch in seconds'

const cpuSeconds = ({ cpuMs }: Usage) => cpuMs / 1000
const memory = ({ memoryBytes }: Usage) => memoryBytes

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'counter', samples }
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples }
}

/** What `/metrics/cadvisor` says of containers, of what is measured here, by cAdvisor's names. */
export function containerMetrics({ atMs, pods }: NodeUse, imageOf: (pod: PodUse, container: string) => string) {
  const families = (
    name: string,
    help: string,
    type: 'counter' | 'gauge',
    valueOf: (use: PodUse['containers'][number]) => number,
  ) => ({
    name,
    help,
    type,
    samples: pods.flatMap((pod) =>
      pod.containers.map((container): MetricSample => {
        const where = { namespace: pod.namespace, pod: pod.name }
        const id = `/kubepods/pod${pod.uid}/${container.name}`
        const labels = {
          container: container.name,
          id,
          image: imageOf(pod, container.name),
          name: container.name,
          ...where,
        }
        return { labels, value: valueOf(container), atMs }
      }),
    ),
  })
  return [
    families('container_cpu_usage_seconds_total', 'Cumulative cpu time consumed in seconds.', 'counter', cpuSeconds),
    families('container_memory_usage_bytes', 'Current memory usage in bytes, including all memory.', 'gauge', memory),
    families('container_memory_working_set_bytes', 'Current working set in bytes.', 'gauge', memory),
    families(
      'container_processes',
      'Number of processes running inside the container.',
      'gauge',
      ({ processes }) => processes,
    ),
    families(
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds.',
      'gauge',
      (use) => Math.floor(use.startedAtMs / 1000),
    ),
  ] satisfies readonly MetricFamily[]
}
