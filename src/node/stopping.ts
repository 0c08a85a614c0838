import { sleep } from '../env/clock.ts'
import { takeIn } from './container-changes.ts'
import { anyRunning } from './next-step.ts'
import { runPreStop } from './lifecycle-hooks.ts'
import type { NodeContext } from './node-context.ts'
import { tell } from './pod-events.ts'
import { ephemeralContainers, initContainers, isRunning, mainContainers, recordOf } from './pod-record.ts'
import type { PodWork } from './pod-work.ts'
import { containerNamed } from './pod-work.ts'

const DEFAULT_GRACE_SECONDS = 30
/** The kubelet gives every container a second, even where the pod is deleted by force. */
const LEAST_GRACE_MS = 1_000

/** How long the pod's containers have to end by themselves, in milliseconds. */
export function graceOf({ pod, objectGone, record }: PodWork): number {
  if (objectGone) return LEAST_GRACE_MS
  const { evictedGraceMs } = record.verdict ?? {}
  if (evictedGraceMs !== undefined) return Math.max(LEAST_GRACE_MS, evictedGraceMs)
  const seconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds
  return Math.max(LEAST_GRACE_MS, Number(seconds ?? DEFAULT_GRACE_SECONDS) * 1000)
}

/** Ends the containers together, then init containers and sidecars from the last to the first, as Kubernetes does. */
export async function stopContainers(work: PodWork): Promise<void> {
  if (!anyRunning(work.pod, work.record)) return
  await leaveServices(work)
  const graceMs = graceOf(work)
  const until = work.context.env.clock.monotonicMs() + graceMs
  work.stopping = { graceMs }
  try {
    const together = [...mainContainers(work.pod), ...ephemeralContainers(work.pod)]
    await Promise.all(together.map(({ name }) => stopContainer(work, name, graceMs)))
    for (const { name } of [...initContainers(work.pod)].reverse()) {
      // Sidecars share what the containers before them left of the pod's grace.
      const left = Math.max(LEAST_GRACE_MS, until - work.context.env.clock.monotonicMs())
      await stopContainer(work, name, Math.min(left, work.stopping.graceMs))
    }
  } finally {
    work.stopping = undefined
  }
}

/** Nobody is sent to a pod that is asked to end; one whose object is gone ends at once. */
async function leaveServices({ context, objectGone, record, pod }: PodWork): Promise<void> {
  const { sandbox } = record
  if (sandbox === undefined || objectGone || pod.metadata.deletionTimestamp === undefined || graceIsNone(pod)) return
  if ((await context.network?.withdrawn(sandbox.ip)) === true) await untilTaken(context, sandbox.id)
}

const MOST_TAKING_MS = 1_000
const TAKING_PAUSE_MS = 5

/** A server that stops listening resets whoever has come and was not let in: on a busy machine that may be many. */
async function untilTaken({ runtime, env: { clock, timers } }: NodeContext, sandboxId: string): Promise<void> {
  const until = clock.monotonicMs() + MOST_TAKING_MS
  const areWaiting = async () => ((await runtime.untakenConnections?.(sandboxId).catch(() => 0)) ?? 0) > 0
  while (clock.monotonicMs() < until && (await areWaiting())) await sleep(timers, TAKING_PAUSE_MS)
}

const graceIsNone = ({ metadata }: PodWork['pod']) => metadata.deletionGracePeriodSeconds === 0

async function stopContainer(work: PodWork, name: string, graceMs: number): Promise<void> {
  const { context, pod } = work
  const { current } = recordOf(work.record, name)
  if (current === undefined || !isRunning(recordOf(work.record, name))) return
  tell(context, pod, containerNamed(pod, name), 'Normal', 'Killing', `Stopping container ${name}`)
  const leftMs = await runPreStop(work, containerNamed(pod, name), current.id, graceMs)
  await context.runtime.stopContainer(current.id, leftMs)
  const status = context.runtime.containerStatus(current.id)
  if (status !== undefined) await takeIn(work, status)
}

/** Gives containers that are being stopped less time than they were promised: a shorter grace overtakes a longer one. */
export function hurry(work: PodWork, graceMs: number): void {
  if (work.stopping === undefined || graceMs >= work.stopping.graceMs) return
  work.stopping.graceMs = graceMs
  for (const known of work.record.containers.values()) {
    if (known.current === undefined || !isRunning(known)) continue
    work.context.runtime.stopContainer(known.current.id, graceMs).catch((error: unknown) => {
      work.context.env.log.warn('a container could not be stopped', { container: known.current?.id, error })
    })
  }
}
