import type { ContainerStateTerminated, Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { wholeOf } from '../../api/meta/quantity.ts'
import type { ObjectKey } from '../../api/object.ts'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { Client } from '../../client/client.ts'
import type { InvestigateLoss, LossRecord } from '../coordinator/loss.ts'

/** The engine's account of a full heap is longer than it is worth, and its first line says what it is. */
export const LOG_LINES = 40
/** The pod's status follows the end of its process by the node's own pace. */
const FIRST_PAUSE_MS = 10
const LAST_PAUSE_MS = 2000

/**
 * Completes the records of lost workers from their pods: how the container ended and what it wrote last. A container that
 * is started again in its pod ends more than once: each of its ends is told of one loss, in their order.
 */
export function investigatePods(client: Client, env: Environment, namespace: string): InvestigateLoss {
  const told = new Set<string>()
  const underway = new Map<string, Promise<LossRecord>>()
  const investigate = async (record: LossRecord): Promise<LossRecord> => {
    const key = { namespace, name: record.pod }
    for (let pauseMs = FIRST_PAUSE_MS; pauseMs < LAST_PAUSE_MS; pauseMs *= 2) {
      const pod = await client.get(pods, key).catch(() => undefined)
      if (pod === undefined) return { ...record, message: 'Its pod is gone: it was deleted, or its node is lost' }
      if (pod.status?.reason === 'Evicted') return { ...record, ...evictionOf(pod) }
      const end = endsOf(pod).find((terminated) => !told.has(nameOf(pod, terminated)))
      if (end !== undefined) {
        told.add(nameOf(pod, end))
        const lastLogLines = await lastLines(client, key, end)
        return { ...record, ...limitOf(pod), ...describeEnd(end, lastLogLines) }
      }
      await sleep(env.timers, pauseMs)
    }
    return record
  }
  return (record) => {
    // One after another for each pod, so that the first end that is found is that of the first loss.
    const before = underway.get(record.pod) ?? Promise.resolve(record)
    const found = before.catch(() => {}).then(() => investigate(record))
    underway.set(record.pod, found)
    const forget = () => underway.get(record.pod) === found && underway.delete(record.pod)
    found.then(forget, forget)
    return found
  }
}

/** How the worker's container has ended: the time before, and now where it has not been started again. */
function endsOf(pod: Pod): readonly ContainerStateTerminated[] {
  const status = pod.status?.containerStatuses?.[0]
  return [status?.lastState?.terminated, status?.state?.terminated].filter((end) => end !== undefined)
}

function nameOf(pod: Pod, end: ContainerStateTerminated): string {
  return `${pod.metadata.uid} ${end.containerID ?? end.finishedAt}`
}

function evictionOf({ status }: Pod): Partial<LossRecord> {
  return { reason: 'was evicted', ...(status?.message === undefined ? {} : { message: status.message }) }
}

function limitOf(pod: Pod): Partial<LossRecord> {
  const limit = pod.spec?.containers[0]?.resources?.limits?.['memory']
  return limit === undefined ? {} : { limitBytes: wholeOf(String(limit)) }
}

/** Signals are reported as exit codes above 128 where the runtime does not name them. */
const SIGNALS: Readonly<Record<number, string>> = { 6: 'SIGABRT', 9: 'SIGKILL', 11: 'SIGSEGV', 15: 'SIGTERM' }

/** What V8 writes before it gives up; the exit that follows (SIGABRT) has other causes too. */
const HEAP_EXHAUSTED = /FATAL ERROR:.*(heap out of memory|Allocation failed)/

export function describeEnd(end: ContainerStateTerminated, lastLogLines: readonly string[]): Partial<LossRecord> {
  const { exitCode, reason, message } = end
  const number = end.signal ?? (exitCode > 128 ? exitCode - 128 : 0)
  const signal = number === 0 ? undefined : (SIGNALS[number] ?? `signal ${number}`)
  const killed = reason === 'OOMKilled'
  const exhausted = lastLogLines.some((line) => HEAP_EXHAUSTED.test(line))
  const how = signal === undefined ? `exited with code ${exitCode}` : `was killed by ${signal}`
  return {
    reason: killed ? 'ran out of memory' : exhausted ? "ran out of memory: JavaScript's heap was full" : how,
    exitCode,
    outOfMemory: killed || exhausted,
    ...(signal === undefined ? {} : { signal }),
    ...(message === undefined || message === '' ? {} : { message }),
    ...(lastLogLines.length === 0 ? {} : { lastLogLines }),
  }
}

/** The end of what the container of `end` wrote: it may be started again while its log is read. */
async function lastLines(client: Client, key: ObjectKey, end: ContainerStateTerminated): Promise<readonly string[]> {
  const isCurrent = async () => {
    const pod = await client.get(pods, key)
    const now = pod.status?.containerStatuses?.[0]?.state?.terminated
    return now !== undefined && nameOf(pod, now) === nameOf(pod, end)
  }
  try {
    const current = await isCurrent()
    const lines = await readLog(client, key, !current)
    return current && !(await isCurrent()) ? await readLog(client, key, true) : lines
  } catch {
    return []
  }
}

async function readLog(client: Client, key: ObjectKey, previous: boolean): Promise<readonly string[]> {
  const parts: Uint8Array[] = []
  for await (const part of client.logs(key, { previous, tailLines: LOG_LINES })) parts.push(part)
  const text = Buffer.concat(parts).toString().trimEnd()
  return text === '' ? [] : text.split('\n').slice(-LOG_LINES)
}

/** Why a pod of the run does not run, in the words of whoever holds it up. */
export function reasonOf(pod: Pod): string | undefined {
  const name = pod.metadata.name ?? ''
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting
  if (waiting?.reason !== undefined && waiting.reason !== 'ContainerCreating') {
    const said = pod.status?.containerStatuses?.[0]?.lastState?.terminated?.message?.trim() ?? ''
    const why = waiting.message === undefined ? '' : `: ${waiting.message}`
    return `pod ${name}: ${waiting.reason}${why}${said === '' ? '' : `; it said: ${said.split('\n').at(-1)}`}`
  }
  const held = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (held !== undefined) return `pod ${name}: ${held.reason ?? 'not scheduled'}: ${held.message ?? ''}`
  if (pod.status?.phase === 'Pending') return `pod ${name} is pending on node ${pod.spec?.nodeName ?? '(none yet)'}`
  return undefined
}
