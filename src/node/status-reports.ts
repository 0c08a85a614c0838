import { hash } from 'node:crypto'
import type { Pod, PodStatus } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import { keyOf } from '../api/object.ts'
import { isAtLeast } from '../reconcile/resource-version.ts'
import type { Timer } from '../env/clock.ts'
import type { NodeContext } from './node-context.ts'
import type { PodWork } from './pod-work.ts'
import { podStatus } from './pod-status.ts'

/** The pause before a report that failed is tried again, in milliseconds. */
const RETRY_MS = 1_000
/** How long mere progress waits for something worth telling, so that a pod that starts at once is written once. */
const PROGRESS_MS = 20

/**
 * Writes a pod's status in the background, so that nothing waits for it: one write at a time, always of the newest state,
 * none where nothing changed. `later` is for steps between, `now` for what others wait for.
 */
export interface StatusReports {
  later(): void
  now(): void
  /** Resolves when the state of this moment is written; rejects where that failed, to be tried again. */
  flush(): Promise<void>
  close(): void
}

export function createStatusReports(work: PodWork): StatusReports {
  const { timers, log } = work.context.env
  // A fingerprint, since every pod keeps one for as long as it lives.
  let written = ''
  /** What the last write made of the pod, until the watch shows it. */
  let latest: Pod | undefined
  let writing: Promise<boolean> | undefined
  let timer: Timer | undefined
  let closed = false

  const schedule = (delayMs: number) => {
    if (closed) return
    timer ??= timers.after(
      delayMs,
      () => {
        // One that fires during a write, which sees to it, must not stand in the way of those that come later.
        timer = undefined
        now()
      },
      { background: true },
    )
  }
  // Since when a condition holds is taken from what was written last. An older object, which the watch may show for a while
  // yet, has another time: two reports would follow each other round for as long as the watch lags.
  const known = (): Pod => {
    if (latest === undefined) return work.pod
    if (!isAtLeast(work.pod.metadata.resourceVersion ?? '', latest.metadata.resourceVersion ?? ''))
      return { ...work.pod, ...(latest.status && { status: latest.status }) }
    latest = undefined
    return work.pod
  }
  const write = async () => {
    // Not within the call that sets `writing`: where nothing changed it would be set after it was cleared, for ever.
    await Promise.resolve()
    timer?.cancel()
    timer = undefined
    try {
      // What changes during a write is found by the comparison of the next round.
      while (!work.objectGone) {
        const pod = known()
        const next = statusOf(work, pod)
        if (next.fingerprint === written) break
        latest = await writeStatus(work.context, pod, next.status)
        written = next.fingerprint
      }
      return true
    } catch (error) {
      log.warn('the status of a pod could not be written', { pod: keyOf(work.pod), error })
      schedule(RETRY_MS)
      return false
    } finally {
      writing = undefined
    }
  }
  const flush = async () => {
    if (writing !== undefined) await writing
    if (closed || (await (writing ??= write()))) return
    throw new Error('Cannot let the pod go: its last status is not written, expected it to be known first')
  }
  const now = () => void (writing ??= closed ? undefined : write())
  return {
    later: () => schedule(PROGRESS_MS),
    now,
    flush,
    close() {
      closed = true
      timer?.cancel()
    },
  }
}

/** Conditions of ours that a pod has only while they hold. */
const PASSING: ReadonlySet<string> = new Set(['PodResizePending', 'PodResizeInProgress'])

function statusOf(
  { context, record }: PodWork,
  pod: Pod,
): { readonly status: PodStatus; readonly fingerprint: string } {
  const host = { runtimeName: context.runtime.name, hostIp: context.hostIp }
  const status = podStatus(pod, record, host, context.env.clock.now())
  return { status, fingerprint: hash('sha1', JSON.stringify(status), 'base64') }
}

/** An object that is gone needs no report; of a conflict a watch tells whether it is gone, or the next try succeeds. */
async function writeStatus({ client }: NodeContext, pod: Pod, status: PodStatus): Promise<Pod | undefined> {
  // A patch takes away only what it names: a reason or a message that does not hold any more.
  const conditions = status.conditions?.map((condition) => ({ reason: null, message: null, ...condition }))
  const isOver = ({ type }: { readonly type: string }) =>
    PASSING.has(type) && status.conditions?.some((condition) => condition.type === type) !== true
  const over = (pod.status?.conditions ?? []).filter(isOver).map(({ type }) => ({ type, $patch: 'delete' }))
  const all = [...(conditions ?? []), ...over]
  const { podIPs, hostIPs } = status
  // Lists by address: a pod whose sandbox was made anew has another, and the old one would stay beside it.
  const addresses = { ...(podIPs && { podIPs: insteadOf(podIPs) }), ...(hostIPs && { hostIPs: insteadOf(hostIPs) }) }
  const patch = { metadata: { uid: pod.metadata.uid }, status: { ...status, ...addresses, conditions: all } }
  try {
    return await client.patch(pods, keyOf(pod), { type: 'strategic', patch }, { subresource: 'status' })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
    return undefined
  }
}

const insteadOf = (list: readonly object[]) => [{ $patch: 'replace' }, ...list]

/** Lets the object go, now that nothing of the pod runs. */
export async function releaseObject({ context, pod }: PodWork): Promise<void> {
  const { uid } = pod.metadata
  const preconditions = uid === undefined ? {} : { preconditions: { uid } }
  try {
    await context.client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, ...preconditions })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
