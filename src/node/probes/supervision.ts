import { initContainers, isRunning, mainContainers, recordOf } from '../pod-record.ts'
import type { PodWork } from '../pod-work.ts'
import { hasProbes, startProber } from './prober.ts'

/** Sees to it that every attempt that runs is probed as its spec says, and none that does not run. */
export function superviseProbes(work: PodWork): void {
  for (const container of [...initContainers(work.pod), ...mainContainers(work.pod)]) {
    if (!hasProbes(container)) continue
    const known = recordOf(work.record, container.name)
    const prober = work.probers.get(container.name)
    const runningId = isRunning(known) && !work.ending.signal.aborted ? known.current?.id : undefined
    if (prober?.containerId === runningId) continue
    prober?.stop()
    work.probers.delete(container.name)
    if (runningId === undefined || known.current?.state.phase !== 'running') continue
    work.probers.set(container.name, startProber(work, container, runningId, known.current.state.startedAtMs))
  }
}

/** Ends all probes of the pod. */
export function endProbes({ probers }: PodWork): void {
  for (const prober of probers.values()) prober.stop()
  probers.clear()
}
