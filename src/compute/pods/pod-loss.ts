import type { ContainerStatus, Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { Client } from '../../client/client.ts'
import type { LossRecord } from '../coordinator/loss.ts'

const LOG_LINES = 10
/** The pod's status follows the end of its process by the node's own pace. */
const STATUS_TRIES = 8
const STATUS_PAUSE_MS = 250

/** Completes the record of a lost worker from its pod: how its container ended and what it wrote last. */
export async function investigatePod(
  client: Client,
  env: Environment,
  namespace: string,
  record: LossRecord,
): Promise<LossRecord> {
  const key = { namespace, name: record.pod }
  for (let tries = 0; tries < STATUS_TRIES; tries++) {
    const pod = await client.get(pods, key).catch(() => undefined)
    if (pod === undefined) return { ...record, message: 'Its pod is gone: it was deleted, or its node is lost' }
    const ended = endOf(pod)
    if (ended !== undefined) return { ...record, ...ended, ...(await lastLines(client, key, pod)) }
    await sleep(env.timers, STATUS_PAUSE_MS)
  }
  return record
}

/** Signals are reported as exit codes above 128 where the runtime does not name them. */
const SIGNALS: Readonly<Record<number, string>> = { 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' }

function endOf(pod: Pod): Partial<LossRecord> | undefined {
  if (pod.status?.reason === 'Evicted') {
    return { reason: 'was evicted', ...(pod.status.message === undefined ? {} : { message: pod.status.message }) }
  }
  const terminated = terminationOf(pod.status?.containerStatuses?.[0])
  if (terminated === undefined) return undefined
  const { exitCode, reason, message } = terminated
  const number = terminated.signal ?? (exitCode > 128 ? exitCode - 128 : 0)
  const signal = number === 0 ? undefined : (SIGNALS[number] ?? `signal ${number}`)
  const outOfMemory = reason === 'OOMKilled' || signal === 'SIGABRT'
  return {
    reason: outOfMemory
      ? 'ran out of memory'
      : signal === undefined
        ? `exited with code ${exitCode}`
        : `was killed by ${signal}`,
    exitCode,
    outOfMemory,
    ...(signal === undefined ? {} : { signal }),
    ...(message === undefined || message === '' ? {} : { message }),
  }
}

function terminationOf(status: ContainerStatus | undefined) {
  return status?.state?.terminated ?? status?.lastState?.terminated
}

async function lastLines(
  client: Client,
  key: { namespace: string; name: string },
  pod: Pod,
): Promise<Partial<LossRecord>> {
  // A container that was started again has its own log: what the lost one wrote is the previous one's.
  const previous = pod.status?.containerStatuses?.[0]?.state?.terminated === undefined
  try {
    const parts: Uint8Array[] = []
    for await (const part of client.logs(key, { previous, tailLines: LOG_LINES })) parts.push(part)
    const text = Buffer.concat(parts).toString().trimEnd()
    return text === '' ? {} : { lastLogLines: text.split('\n').slice(-LOG_LINES) }
  } catch {
    return {}
  }
}

/** Why a pod of the run does not run, in the words of whoever holds it up. */
export function reasonOf(pod: Pod): string | undefined {
  const name = pod.metadata.name ?? ''
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting
  if (waiting?.reason !== undefined && waiting.reason !== 'ContainerCreating') {
    return `pod ${name}: ${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}`
  }
  const held = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (held !== undefined) return `pod ${name}: ${held.reason ?? 'not scheduled'}: ${held.message ?? ''}`
  if (pod.status?.phase === 'Pending') return `pod ${name} is pending on node ${pod.spec?.nodeName ?? '(none yet)'}`
  return undefined
}
