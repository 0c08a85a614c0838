import type { Pod } from '../../api/generated/core-v1.ts'
import type { MachineCapacity } from '../../runtime/runtime.ts'
import type { MetricFamily } from './prometheus.ts'

/** What `/metrics` says of the agent itself, by the kubelet's names. */
export function agentMetrics(nodeName: string, pods: readonly Pod[]): readonly MetricFamily[] {
  const running = pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
  const states = new Map<string, number>()
  for (const { state } of pods.flatMap(({ status }) => status?.containerStatuses ?? [])) {
    const name = state?.running ? 'running' : state?.terminated ? 'exited' : 'created'
    states.set(name, (states.get(name) ?? 0) + 1)
  }
  const { rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return [
    family('kubelet_node_name', "[ALPHA] The node's name. The count is always 1.", 'gauge', 1, { node: nodeName }),
    family('kubelet_running_pods', '[ALPHA] Number of pods that have a running pod sandbox', 'gauge', running.length),
    {
      name: 'kubelet_running_containers',
      help: '[ALPHA] Number of containers currently running',
      type: 'gauge',
      samples: [...states].map(([state, value]) => ({ labels: { container_state: state }, value })),
    },
    family(
      'process_cpu_seconds_total',
      'Total user and system CPU time spent in seconds.',
      'counter',
      (user + system) / 1e6,
    ),
    family('process_resident_memory_bytes', 'Resident memory size in bytes.', 'gauge', rss),
  ]
}

/** What `/metrics/cadvisor` says of the machine. */
export function machineMetrics({ cpuMillis, memoryBytes }: MachineCapacity): readonly MetricFamily[] {
  return [
    family('machine_cpu_cores', 'Number of logical CPU cores.', 'gauge', cpuMillis / 1000),
    family('machine_memory_bytes', 'Amount of memory installed on the machine.', 'gauge', memoryBytes),
  ]
}

function family(
  name: string,
  help: string,
  type: MetricFamily['type'],
  value: number,
  labels?: Readonly<Record<string, string>>,
): MetricFamily {
  return { name, help, type, samples: [{ value, ...(labels !== undefined && { labels }) }] }
}
