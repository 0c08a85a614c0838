import { sleep } from '../env/clock.ts'
import { systemEnvironment } from '../env/system.ts'
import { CliError } from './cli-error.ts'
import { isAlive, runningClusters } from './running-clusters.ts'
import type { RunningCluster } from './running-clusters.ts'

export interface DownOptions {
  readonly port?: number
  readonly all?: boolean
}

/** How long a cluster may take to end its pods before it is told again, the hard way. */
const GRACE_MS = 35_000
const LOOK_MS = 50

/** `shoal down`: ends clusters that run on this machine and waits until they are gone. Resolves to the exit code. */
export async function down(options: DownOptions): Promise<number> {
  for (const cluster of chosen(options, runningClusters())) {
    await end(cluster)
    process.stderr.write(`stopped ${cluster.server} (process ${cluster.pid})\n`)
  }
  return 0
}

function chosen({ port, all }: DownOptions, running: readonly RunningCluster[]): readonly RunningCluster[] {
  if (all === true) return running
  const matching = port === undefined ? running : running.filter((cluster) => cluster.port === port)
  const what = port === undefined ? 'cluster' : `cluster at port ${port}`
  if (matching.length === 0) {
    const message = `Cannot stop the ${what}: none runs on this machine, expected one`
    throw new CliError('CLI_NO_CLUSTER', message, 'shoal status lists those that run; shoal up starts one')
  }
  if (matching.length === 1) return matching
  const ports = matching.map((cluster) => cluster.port).join(', ')
  const message = `Cannot choose the cluster to stop: ${matching.length} run, at ports ${ports}, expected one`
  throw new CliError('CLI_USAGE', message, 'name one with --port, or stop them all with --all')
}

async function end({ pid }: RunningCluster): Promise<void> {
  const { clock, timers } = systemEnvironment()
  const deadline = clock.monotonicMs() + GRACE_MS
  process.kill(pid, 'SIGTERM')
  while (isAlive(pid)) {
    if (clock.monotonicMs() > deadline) process.kill(pid, 'SIGKILL')
    await sleep(timers, LOOK_MS)
  }
}
