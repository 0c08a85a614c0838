import type { Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { ObjectKey } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import { follow } from '../../client/follow.ts'
import { sleep } from '../../env/clock.ts'
import { systemEnvironment } from '../../env/system.ts'
import { reasonOf } from '../../compute/pods/pod-loss.ts'
import { COMPONENT_LABEL, RUN_LABEL } from '../../compute/pods/worker-job.ts'
import { settleRun } from '../operator/settle-run.ts'
import { runs } from '../../compute/run/run.ts'
import type { Run } from '../../compute/run/run.ts'
import { CliError } from '../cli-error.ts'

const PAUSE_MS = 500
const SETTLE_MS = 2_000
const LAST_WORD_MS = 30_000

/** Writes what a run's driver in the cluster writes, until the run is over. Resolves to 0 where it succeeded, else 1. */
export async function followRun(client: Client, key: ObjectKey): Promise<number> {
  const stopped = new AbortController()
  const over = follow(client, runs, key, (run) => ending(run, key), stopped.signal)
  const writing = writeLogs(client, key, stopped.signal)
  void settleAll(client, key, stopped.signal)
  try {
    const { phase, message } = await over
    // A driver tells of its end before it has ended its workers, and has its last word after that.
    await Promise.race([writing, sleep(systemEnvironment().timers, LAST_WORD_MS, stopped.signal).catch(() => {})])
    if (phase === 'Succeeded') return 0
    process.stderr.write(`${key.name} failed: ${message ?? 'its driver did not say why'}\n`)
    return 1
  } finally {
    stopped.abort(new Error('the run is over'))
  }
}

/** A driver that fails before it has said a word is told of by our operator, or from here. */
async function settleAll(client: Client, key: ObjectKey, signal: AbortSignal): Promise<void> {
  const env = systemEnvironment()
  while (!signal.aborted) {
    await sleep(env.timers, SETTLE_MS, signal).catch(() => {})
    if (!signal.aborted) await settleRun(client, env, key, signal).catch(() => {})
  }
}

function ending(run: Run | undefined, { name }: ObjectKey): NonNullable<Run['status']> | undefined {
  if (run === undefined) {
    const message = `Cannot follow "${name}": there is no run of that name, expected one`
    throw new CliError('CLI_NO_RUN', message, 'list them with: kubectl get runs')
  }
  return run.status?.phase === 'Succeeded' || run.status?.phase === 'Failed' ? run.status : undefined
}

/** The newest pod of the driver, and the next one where it is replaced. */
async function writeLogs(client: Client, { namespace = '', name }: ObjectKey, signal: AbortSignal): Promise<void> {
  const { timers } = systemEnvironment()
  const labelSelector = `${RUN_LABEL}=${name},${COMPONENT_LABEL}=driver`
  const written = new Set<string>()
  let said = ''
  while (!signal.aborted) {
    const { items } = await client
      .list(pods, { namespace, labelSelector })
      .catch(() => ({ items: [] as readonly Pod[] }))
    const pod = items.find(({ metadata, status }) => status?.phase !== 'Pending' && !written.has(metadata.uid ?? ''))
    const waits = items.map((each) => reasonOf(each)).find((reason) => reason !== undefined)
    if (pod !== undefined) {
      await writeLog(client, { namespace, name: pod.metadata.name ?? '' }, signal)
      written.add(pod.metadata.uid ?? '')
    } else if (waits !== undefined && waits !== said) process.stderr.write(`${(said = waits)}\n`)
    if (written.size > 0 && items.every(({ status }) => status?.phase === 'Succeeded' || status?.phase === 'Failed'))
      return
    await sleep(timers, PAUSE_MS, signal).catch(() => {})
  }
}

async function writeLog(client: Client, pod: ObjectKey, signal: AbortSignal): Promise<void> {
  try {
    for await (const part of client.logs(pod, { follow: true, signal })) process.stdout.write(part)
  } catch (error) {
    if (!signal.aborted && !hasReason(error, 'NotFound')) throw error
  }
}

/** `shoal logs RUN`: what a run's driver in the cluster has written so far. */
export async function printLogs(client: Client, { namespace = '', name }: ObjectKey): Promise<void> {
  const { items } = await client.list(pods, {
    namespace,
    labelSelector: `${RUN_LABEL}=${name},${COMPONENT_LABEL}=driver`,
  })
  if (items.length === 0) {
    const message = `Cannot show the log of "${name}": no pod of its driver is there, expected a run that was submitted`
    throw new CliError(
      'CLI_NO_RUN',
      message,
      'list runs with: kubectl get runs; workers: kubectl logs -l shoal.dev/component=worker',
    )
  }
  for (const { metadata } of items) {
    for await (const part of client.logs({ namespace, name: metadata.name ?? '' })) process.stdout.write(part)
  }
}
