import type { Container, Probe } from '../../api/generated/core-v1.ts'
import type { Timer } from '../../env/clock.ts'
import { tell } from '../pod-events.ts'
import { isRunning, mainContainers, recordOf } from '../pod-record.ts'
import { putContainer } from '../pod-work.ts'
import type { PodWork, Prober } from '../pod-work.ts'
import { graceOf } from '../stopping.ts'
import { counted, firstCount } from './probe-count.ts'
import type { ProbeOutcome } from './probe-count.ts'
import { runProbe } from './run-probe.ts'

type ProbeName = 'Startup' | 'Liveness' | 'Readiness'

/**
 * The kubelet learns of a start up to a second later, so that most programs listen when it asks first whether they are ready.
 * Here they are asked at once: that nobody listens within that second says nothing yet, and is looked at again soon.
 */
const START_UP_MS = 1_000
const FIRST_PAUSE_MS = 50

/**
 * Probes one attempt of a container: the startup probe until it succeeds, then liveness and readiness for good. What they
 * find is put in the container's record; a container that is not alive is ended, and restarted as its pod's policy says.
 */
export function startProber(work: PodWork, container: Container, containerId: string, startedAtMs: number): Prober {
  const timers = new Map<ProbeName, Timer>()
  let stopped = false
  const { env } = work.context

  const gaveUp = (error: unknown) =>
    env.log.error('a container is not probed any more', { container: containerId, error })
  const repeat = (name: ProbeName, probe: Probe, count = firstCount(name === 'Liveness'), pauseMs = 0) => {
    const periodMs = (probe.periodSeconds ?? 10) * 1000
    const initialMs = (probe.initialDelaySeconds ?? 0) * 1000
    const firstAtMs = startedAtMs + initialMs
    const delayMs = count.inRow === 0 ? Math.max(pauseMs, Math.min(initialMs, firstAtMs - env.clock.now())) : periodMs
    const turn = async () => {
      const outcome = await runProbe(work.context, targetOf(work, container, containerId), probe)
      if (stopped) return
      const isEarly = count.inRow === 0 && Math.abs(env.clock.now() - firstAtMs) < START_UP_MS
      if (isEarly && name === 'Readiness' && outcome.ok === false && outcome.output.endsWith('connection refused'))
        return repeat(name, probe, count, Math.max(FIRST_PAUSE_MS, 2 * pauseMs))
      if (outcome.ok !== true) tellFailure(work, container, name, outcome)
      if (outcome.ok === undefined) return repeat(name, probe, count, periodMs)
      const next = counted(count, outcome.ok, probe)
      const isOver = !next.ok && next.inRow >= (probe.failureThreshold ?? 3) && name !== 'Readiness'
      if (isOver) return endContainer(work, container, containerId, name, probe)
      if (name === 'Readiness') setProbed(work, container, { isReady: next.verdict })
      if (name === 'Startup' && next.verdict) return begin()
      repeat(name, probe, next)
    }
    timers.set(
      name,
      env.timers.after(delayMs, () => void turn().catch(gaveUp)),
    )
  }
  const begin = () => {
    setProbed(work, container, { isStarted: true })
    if (container.livenessProbe !== undefined) repeat('Liveness', container.livenessProbe)
    if (container.readinessProbe !== undefined) repeat('Readiness', container.readinessProbe)
  }

  if (container.startupProbe === undefined) begin()
  else repeat('Startup', container.startupProbe)
  return {
    containerId,
    stop() {
      stopped = true
      for (const timer of timers.values()) timer.cancel()
    },
  }
}

export const hasProbes = (container: Container) =>
  container.startupProbe !== undefined ||
  container.livenessProbe !== undefined ||
  container.readinessProbe !== undefined

function targetOf({ record }: PodWork, container: Container, containerId: string) {
  return { container, containerId, sandboxId: record.sandbox?.id ?? '', ip: record.sandbox?.ip ?? '' }
}

function setProbed(work: PodWork, { name }: Container, found: { isReady?: boolean; isStarted?: boolean }): void {
  const known = recordOf(work.record, name)
  putContainer(work, name, { ...known, probed: { ...known.probed, ...found } })
  work.wake()
}

function tellFailure(
  { context, pod }: PodWork,
  container: Container,
  name: ProbeName,
  { ok, output }: Exclude<ProbeOutcome, { readonly ok: true }>,
): void {
  const what = ok === false ? 'failed' : 'errored and resulted in unknown state'
  tell(context, pod, container, 'Warning', 'Unhealthy', `${name} probe ${what}: ${output}`)
}

/** The kubelet ends a pod as a whole where nothing of it stays or is started again. */
function killingWords({ pod, record }: PodWork, { name }: Container, probe: ProbeName): string {
  const failed = `Container ${name} failed ${probe.toLowerCase()} probe`
  const isSidecar = pod.spec?.initContainers?.some((one) => one.name === name) === true
  if (isSidecar || pod.spec?.restartPolicy !== 'Never') return `${failed}, will be restarted`
  const stays = mainContainers(pod).some((other) => other.name !== name && isRunning(recordOf(record, other.name)))
  return stays ? failed : `Stopping container ${name}`
}

function endContainer(work: PodWork, container: Container, id: string, name: ProbeName, probe: Probe): void {
  tell(work.context, work.pod, container, 'Normal', 'Killing', killingWords(work, container, name))
  const own = probe.terminationGracePeriodSeconds
  const graceMs = own === undefined ? graceOf(work) : Number(own) * 1000
  work.context.runtime.stopContainer(id, graceMs).catch((error: unknown) => {
    work.context.env.log.warn('a container that is not alive could not be stopped', { container: id, error })
  })
}
