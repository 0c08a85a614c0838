import type { Container, Lifecycle } from '../api/generated/core-v1.ts'
import { sleep } from '../env/clock.ts'
import { tell } from './pod-events.ts'
import type { PodWork } from './pod-work.ts'
import { askContainer } from './probes/run-probe.ts'

/** The kubelet leaves a container this much after its preStop hook, however long the hook took. */
const LEAST_GRACE_MS = 2_000

type Handler = NonNullable<Lifecycle['postStart']>

/**
 * Runs the container's postStart hook, if it has one; until it is through, the container does not count as started.
 * Resolves to whether the container may stay: it is to be stopped where its hook failed.
 */
export async function runPostStart(work: PodWork, container: Container, containerId: string): Promise<boolean> {
  const handler = container.lifecycle?.postStart
  if (handler === undefined) return true
  try {
    await runHook(work, container, containerId, handler, work.ending.signal)
    return true
  } catch {
    if (work.ending.signal.aborted) return true
    tell(work.context, work.pod, container, 'Warning', 'FailedPostStartHook', 'PostStartHook failed')
    return false
  }
}

/** Runs the container's preStop hook for as long as its grace lasts; resolves to the grace that is left, in milliseconds. */
export async function runPreStop(
  work: PodWork,
  container: Container | undefined,
  containerId: string,
  graceMs: number,
): Promise<number> {
  const handler = container?.lifecycle?.preStop
  if (container === undefined || handler === undefined) return graceMs
  const { clock, timers } = work.context.env
  const begun = clock.monotonicMs()
  const over = new AbortController()
  const late = sleep(timers, graceMs, over.signal).catch(() => {})
  const failed = () => {
    if (!over.signal.aborted)
      tell(work.context, work.pod, container, 'Warning', 'FailedPreStopHook', 'PreStopHook failed')
  }
  await Promise.race([runHook(work, container, containerId, handler, over.signal).catch(failed), late])
  over.abort()
  return Math.max(LEAST_GRACE_MS, graceMs - (clock.monotonicMs() - begun))
}

/** Rejects where the handler failed. What an HTTP handler answers does not matter, as long as it answers. */
async function runHook(
  { context, record }: PodWork,
  container: Container,
  containerId: string,
  { exec, httpGet, sleep: pause }: Handler,
  signal: AbortSignal,
): Promise<void> {
  if (pause !== undefined) return await sleep(context.env.timers, pause.seconds * 1000, signal)
  // A handler of a TCP socket is in the API and has never been carried out by a kubelet: it fails.
  if (exec === undefined && httpGet === undefined) throw new Error('invalid handler')
  const target = { container, containerId, sandboxId: record.sandbox?.id ?? '', ip: record.sandbox?.ip ?? '' }
  const asked = { ...(exec !== undefined && { exec }), ...(httpGet !== undefined && { httpGet }) }
  const outcome = await askContainer(context, target, asked, signal)
  if (outcome.ok !== true && exec !== undefined) throw new Error(outcome.output)
}
