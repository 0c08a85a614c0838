import { readFile } from 'node:fs/promises'
import { nodes, pods } from '../api/generated/resources.ts'
import { createHttpClient } from '../client/http.ts'
import { parseKubeconfig } from '../client/kubeconfig.ts'
import { runningClusters } from './running-clusters.ts'
import type { RunningCluster } from './running-clusters.ts'

export interface StatusOptions {
  readonly output?: 'json' | 'yaml'
}

/** A running cluster and what runs on it; `error` where it does not answer. */
interface ClusterStatus extends RunningCluster {
  readonly readyNodes?: number
  readonly pods?: Readonly<Record<string, number>>
  readonly error?: string
}

/** `shoal status`: what runs where. Resolves to the exit code: 0 also where nothing runs, which is an answer too. */
export async function status({ output }: StatusOptions): Promise<number> {
  const statuses = await Promise.all(runningClusters().map(ask))
  if (output === 'json') process.stdout.write(`${JSON.stringify(statuses, undefined, 2)}\n`)
  else if (output === 'yaml') process.stdout.write((await import('yaml')).stringify(statuses))
  else process.stdout.write(table(statuses))
  if (statuses.length === 0) process.stderr.write('No cluster runs on this machine; shoal up starts one.\n')
  return 0
}

async function ask(cluster: RunningCluster): Promise<ClusterStatus> {
  try {
    const { endpoint } = await parseKubeconfig(await readFile(cluster.kubeconfig, 'utf8'))
    const client = createHttpClient(endpoint)
    const signal = AbortSignal.timeout(3_000)
    const [allNodes, allPods] = await Promise.all([client.list(nodes, { signal }), client.list(pods, { signal })])
    client.close()
    const isReady = (node: (typeof allNodes.items)[number]) =>
      node.status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true
    const phases: Record<string, number> = {}
    for (const { status: state } of allPods.items)
      phases[state?.phase ?? 'Unknown'] = (phases[state?.phase ?? 'Unknown'] ?? 0) + 1
    return { ...cluster, readyNodes: allNodes.items.filter(isReady).length, pods: phases }
  } catch (error) {
    return { ...cluster, error: error instanceof Error ? error.message : String(error) }
  }
}

const COLUMNS = ['SERVER', 'PROCESS', 'NODES', 'PODS', 'DATA'] as const

function table(statuses: readonly ClusterStatus[]): string {
  if (statuses.length === 0) return ''
  const rows = statuses.map((one) => [
    one.server,
    String(one.pid),
    one.error === undefined ? `${one.readyNodes}/${one.nodes} ready` : 'no answer',
    podsOf(one),
    one.dataDirectory ?? 'in memory',
  ])
  const all = [COLUMNS as readonly string[], ...rows]
  const widths = COLUMNS.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}

function podsOf({ pods: phases = {} }: ClusterStatus): string {
  const counts = Object.entries(phases).map(([phase, count]) => `${count} ${phase.toLowerCase()}`)
  return counts.length === 0 ? 'none' : counts.join(', ')
}
