import type { Container, Pod } from '../api/generated/core-v1.ts'
import { keyOf } from '../api/object.ts'
import type { Timer } from '../env/clock.ts'
import type { ContainerStatus } from '../runtime/runtime.ts'
import type { Adopted } from './adoption.ts'
import { takeIn } from './container-changes.ts'
import { startContainer } from './container-start.ts'
import { nextStep } from './next-step.ts'
import type { Step } from './next-step.ts'
import type { NodeContext } from './node-context.ts'
import { tell } from './pod-events.ts'
import { initContainers, mainContainers, recordOf } from './pod-record.ts'
import type { PodRecord } from './pod-record.ts'
import { phaseOf } from './pod-status.ts'
import { putContainer } from './pod-work.ts'
import type { PodWork } from './pod-work.ts'
import { endProbes, superviseProbes } from './probes/supervision.ts'
import { grant, resizeContainers } from './resize.ts'
import { createStatusReports, releaseObject } from './status-reports.ts'
import type { StatusReports } from './status-reports.ts'
import { graceOf, hurry, stopContainers } from './stopping.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'
import { createPodTokens } from './volumes/pod-tokens.ts'
import { clearAway, giveBack, hasLostSurroundings, startSurroundings } from './surroundings.ts'

/** The pause before a pod at which something unexpected failed is tried again, in milliseconds. */
const RETRY_MS = 1_000
const MOST_PAUSE_MS = 3_600_000

/**
 * Brings one pod to life and to its end. All its work is done by one loop, a step at a time, woken by a change of the
 * object, of a container, or by a timer; so nothing is started twice.
 *
 * States: working (until the pod has ended for good), ended (its surroundings are given back, its logs kept until the
 * object goes), terminating (the object is being deleted: containers get their grace), gone.
 */
export interface PodWorker {
  readonly record: PodRecord
  readonly pod: Pod
  /** Whether nothing of the pod will run again, so that it needs none of the node's resources. */
  readonly hasEnded: boolean
  /** Whether the object is gone, though something of the pod may still run. */
  readonly objectGone: boolean
  /** The object changed; `undefined`: it is gone, and nothing of the pod may stay. */
  update(pod: Pod | undefined): void
  containerChanged(status: ContainerStatus): void
  /** The node needs back what the pod uses: ends it with that message, within `graceMs`; default at once. */
  evict(message: string, graceMs?: number): void
  readonly volumes: PodVolumes
  /** Ends the pod's containers at once without a word to the API, and removes what it has on the node. */
  close(): Promise<void>
}

/**
 * `record` is what is known of the pod already; `onGone` is called when nothing of it is left. `adopted` finds out what runs of
 * it since an earlier life of the agent; nothing is done for the pod before.
 */
export function startPodWorker(
  context: NodeContext,
  pod: Pod,
  record: PodRecord,
  onGone: () => void,
  adopted?: () => Promise<Adopted>,
): PodWorker {
  const { env } = context
  let timer: Timer | undefined
  let woken = false
  let gone = false
  let looping: Promise<void> | undefined
  const wake = () => {
    woken = true
    if (!gone) looping ??= loop()
  }
  const work = newWork(context, pod, record, wake)
  const reports = createStatusReports(work)
  const next = turnsOf(work, reports, adopted)
  const loop = async () => {
    while (woken && !gone) {
      woken = false
      timer?.cancel()
      const pauseMs = await next().catch((error: unknown) => stumbled(work, error))
      if (pauseMs === 'gone') gone = true
      else if (pauseMs === 0) woken = true
      else if (pauseMs !== undefined) timer = env.timers.after(pauseMs, wake)
    }
    looping = undefined
    if (gone) onGone()
  }

  wake()
  return {
    get record() {
      return work.record
    },
    get pod() {
      return work.pod
    },
    get hasEnded() {
      return ['Succeeded', 'Failed'].includes(phaseOf(work.pod, work.record))
    },
    get objectGone() {
      return work.objectGone
    },
    update(next) {
      see(work, next)
      wake()
    },
    containerChanged(status) {
      void hear(work, status).then(wake)
    },
    evict(message, graceMs = 0) {
      evict(work, message, graceMs)
      wake()
    },
    get volumes() {
      return work.volumes
    },
    async close() {
      gone = true
      timer?.cancel()
      abandon(work, reports)
      await looping
      await giveBack(work)
      await clearAway(work)
    },
  }
}

function stumbled({ context, pod }: PodWork, error: unknown): number {
  context.env.log.warn('a pod could not be brought on', { pod: keyOf(pod), error })
  return RETRY_MS
}

async function hear(work: PodWork, status: ContainerStatus): Promise<void> {
  await takeIn(work, status).catch((error: unknown) => {
    work.context.env.log.warn('a change of a container was not taken in', { container: status.id, error })
  })
}

/** What still runs gets no more time, and nobody is told. */
function abandon(work: PodWork, reports: StatusReports): void {
  reports.close()
  work.ending.abort()
  work.objectGone = true
  endProbes(work)
  hurry(work, 0)
}

function evict(work: PodWork, message: string, evictedGraceMs: number): void {
  tell(work.context, work.pod, undefined, 'Warning', 'Evicted', message)
  work.record = { ...work.record, verdict: { reason: 'Evicted', message, evictedGraceMs } }
  hurry(work, graceOf(work))
}

function newWork(context: NodeContext, pod: Pod, record: PodRecord, wake: () => void): PodWork {
  const ending = new AbortController()
  const tokens = createPodTokens(context.client, context.env.clock)
  const state = {
    pod,
    record,
    volumes: new Map(),
    isBare: false,
    freshness: undefined,
    tokens,
    objectGone: false,
    stopping: undefined,
    failures: 0,
  }
  return { context, ...state, ending, probers: new Map(), wake }
}

const isEnding = ({ pod, objectGone }: PodWork) => objectGone || pod.metadata.deletionTimestamp !== undefined

function see(work: PodWork, next: Pod | undefined): void {
  if (next === undefined) work.objectGone = true
  else work.pod = next
  work.freshness?.podChanged()
  if (!isEnding(work)) return
  if (!work.ending.signal.aborted) work.ending.abort()
  hurry(work, graceOf(work))
}

/** The turns of the loop. The first of an adopted pod takes over what runs of it, and is taken again where that fails. */
function turnsOf(work: PodWork, reports: StatusReports, adopted: (() => Promise<Adopted>) | undefined) {
  let pending = adopted
  return async () => {
    if (pending !== undefined) {
      const { record, news } = await pending()
      pending = undefined
      work.record = record
      work.isBare = record.sandbox !== undefined
      for (const status of news) await takeIn(work, status)
      // Its volumes are kept up to date as before; where they cannot be had now, its containers go on all the same.
      if (work.isBare && !isEnding(work)) await startSurroundings(work)
    }
    return await turn(work, reports)
  }
}

/** One turn of the loop. Resolves to the pause before the next, `undefined` where only a change brings one, or `gone`. */
async function turn(work: PodWork, reports: StatusReports): Promise<number | 'gone' | undefined> {
  if (isEnding(work)) endProbes(work)
  if (isEnding(work)) return await terminate(work, reports)
  const { clock } = work.context.env
  superviseProbes(work)
  const step = nextStep(work.pod, work.record, clock.now())
  const pauseMs = await take(step, work, reports)
  if (step.do === 'start-sandbox') reports.later()
  else reports.now()
  if (step.do === 'wait') return step.untilMs === undefined ? undefined : pauseUntil(step.untilMs, clock.now())
  if (step.do === 'finish') return undefined
  return pauseMs ?? 0
}

/** Looked at again after an hour at the latest: deadlines may be months away, and clocks may be set. */
const pauseUntil = (untilMs: number, nowMs: number) => Math.min(MOST_PAUSE_MS, Math.max(0, untilMs - nowMs))

/** Does the step; resolves to the pause that it asks for. */
async function take(step: Step, work: PodWork, reports: StatusReports): Promise<number | undefined> {
  switch (step.do) {
    case 'start-sandbox':
      return await startSurroundings(work)
    case 'start':
      if (work.isBare) return await startSurroundings(work)
      if (await hasLostSurroundings(work, step.containers)) return undefined
      for (const container of step.containers) {
        if (isEnding(work)) break
        await bring(work, container)
      }
      return undefined
    case 'fail':
      work.record = { ...work.record, verdict: { reason: step.reason, message: step.message } }
      tell(work.context, work.pod, undefined, 'Normal', step.reason, step.message)
      return undefined
    case 'grant':
      grant(work)
      return undefined
    case 'resize':
      await resizeContainers(work, step.containers)
      return undefined
    case 'stop':
      await stopContainers(work)
      return undefined
    case 'finish':
      await finish(work, reports)
      return undefined
    case 'wait':
      return undefined
  }
}

/** That it has ended is told before an engine takes its time; but whoever gets its ports of the host's next must find them free. */
async function finish(work: PodWork, reports: StatusReports): Promise<void> {
  const giving = giveBack(work)
  const hasHostPort = ({ ports }: Container) => ports?.some(({ hostPort }) => (hostPort ?? 0) > 0) === true
  if (![...mainContainers(work.pod), ...initContainers(work.pod)].some(hasHostPort)) reports.now()
  await giving
}

/** Makes the container's next attempt; one that has ended already is treated as one that ends later. */
async function bring(work: PodWork, container: Container): Promise<void> {
  const started = await startContainer(work, container)
  const { current } = started
  const isNew = current !== undefined && current.id !== recordOf(work.record, container.name).current?.id
  if (!isNew || current.state.phase !== 'exited') return putContainer(work, container.name, started)
  putContainer(work, container.name, { ...started, current: { ...current, state: { phase: 'created' } } })
  await takeIn(work, current)
}

/** Ends the pod because its object is to go, or is gone already. */
async function terminate(work: PodWork, reports: StatusReports): Promise<'gone'> {
  // That it was seen to be deleted, for as long as its containers take to end.
  if (!work.objectGone) reports.later()
  await stopContainers(work)
  work.record = { ...work.record, terminated: true }
  await giveBack(work)
  if (!work.objectGone) await reports.flush()
  reports.close()
  await clearAway(work)
  // The object goes last: whoever sees that it is gone may rely on it that nothing of the pod is left.
  if (!work.objectGone) await releaseObject(work)
  return 'gone'
}
