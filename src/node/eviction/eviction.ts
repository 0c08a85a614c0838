import type { Pod } from '../../api/generated/core-v1.ts'
import type { Environment } from '../../env/environment.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { NodeUse } from '../../runtime/usage.ts'
import type { PodWorker } from '../pod-worker.ts'
import type { MachineUsage } from '../usage/machine-usage.ts'
import { diskUsage } from '../../runtime/disk-usage.ts'
import type { ImageCollector } from './image-collection.ts'
import { evictionMessage, ranked } from './rank.ts'
import type { Candidate } from './rank.ts'
import { exceededLimit, hasStorageLimits } from './storage-limits.ts'
import { shortagesOf } from './thresholds.ts'
import type { EvictionThresholds, Pressure, Shortage, Threshold } from './thresholds.ts'

export interface EvictionOptions {
  readonly env: Environment
  readonly runtime: Runtime
  readonly thresholds: EvictionThresholds
  readonly workers: () => readonly PodWorker[]
  readonly machine: () => Promise<MachineUsage>
  readonly usage: () => Promise<NodeUse>
  /** Tells of the node that something is wrong. */
  readonly warn: (reason: string, message: string) => void
}

/** The kubelet's figures: a pressure is told of until it has been over for five minutes. */
const TRANSITION_MS = 300_000
/** How long the next pod is left alone for the one before to end. */
const SETTLING_MS = 30_000

/** Looks after what a node is short of; one pod at a time has to go. */
export interface Evictor {
  /** Measures, evicts where it has to, and resolves to what the node is short of, or was until lately. */
  look(): Promise<ReadonlySet<Pressure>>
}

export function createEvictor(options: EvictionOptions, images?: ImageCollector): Evictor {
  const { clock } = options.env
  const seenMs = new Map<Pressure, number>()
  const metSinceMs = new Map<Threshold, number>()
  const dueOf = (shortages: readonly Shortage[], nowMs: number) => {
    for (const met of metSinceMs.keys()) if (!shortages.some((each) => each.met === met)) metSinceMs.delete(met)
    for (const { met } of shortages) metSinceMs.set(met, metSinceMs.get(met) ?? nowMs)
    return shortages.find(({ met }) => nowMs - (metSinceMs.get(met) ?? nowMs) >= met.graceMs)
  }
  let last: { readonly worker: PodWorker; readonly atMs: number } | undefined
  const isSettling = (nowMs: number) => last !== undefined && !last.worker.hasEnded && nowMs - last.atMs < SETTLING_MS
  return {
    async look() {
      const shortages = shortagesOf(await options.machine(), options.thresholds)
      const nowMs = clock.monotonicMs()
      for (const { pressure } of shortages) seenMs.set(pressure, nowMs)
      const due = dueOf(shortages, nowMs)
      if (due !== undefined && !isSettling(nowMs)) {
        options.warn('EvictionThresholdMet', `Attempting to reclaim ${due.resource}`)
        const isOver = await reclaimed(options, due, images)
        const worker = isOver ? undefined : await evictOne(options, due)
        if (worker !== undefined) last = { worker, atMs: nowMs }
      }
      await enforceLimits(options)
      return new Set([...seenMs].flatMap(([pressure, atMs]) => (nowMs - atMs < TRANSITION_MS ? [pressure] : [])))
    },
  }
}

/** Before pods go, images do that nobody uses; whether that was enough. */
async function reclaimed(
  { machine, thresholds }: EvictionOptions,
  { resource, met }: Shortage,
  images: ImageCollector | undefined,
): Promise<boolean> {
  if (resource === 'memory' || images === undefined || (await images.removeUnused()) === 0) return false
  return !shortagesOf(await machine(), thresholds).some((shortage) => shortage.met === met)
}

async function evictOne(options: EvictionOptions, shortage: Shortage): Promise<PodWorker | undefined> {
  const active = options.workers().filter((worker) => !worker.hasEnded && worker.record.verdict === undefined)
  const candidates = await (shortage.resource === 'memory' ? byMemory(options, active) : byDisk(options, active))
  const [chosen] = ranked(candidates, shortage.resource)
  const worker = active.find(({ pod }) => pod === chosen?.pod)
  if (chosen !== undefined) worker?.evict(evictionMessage(shortage, chosen), graceOf(options, shortage, chosen.pod))
  return worker
}

const DEFAULT_GRACE_SECONDS = 30

/** What a pod gets to end by itself: nothing for a hard threshold, for a soft one what it asks for, within bounds. */
function graceOf({ thresholds }: EvictionOptions, { met }: Shortage, { spec }: Pod): number {
  if (met.graceMs === 0) return 0
  return Math.min(
    thresholds.mostPodGraceMs,
    Number(spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000,
  )
}

async function byMemory({ usage }: EvictionOptions, active: readonly PodWorker[]): Promise<readonly Candidate[]> {
  const { pods } = await usage()
  return active.map(({ pod }) => {
    const measured = pods.find(({ uid }) => uid === pod.metadata.uid)?.containers ?? []
    const containers = measured.map(({ name, memoryBytes }) => ({ name, used: memoryBytes }))
    return { pod, containers, used: containers.reduce((sum, { used }) => sum + used, 0) }
  })
}

async function byDisk(options: EvictionOptions, active: readonly PodWorker[]): Promise<readonly Candidate[]> {
  return await Promise.all(
    active.map(async (worker) => ({ pod: worker.pod, containers: [], used: await storageOf(options, worker) })),
  )
}

async function storageOf(options: EvictionOptions, worker: PodWorker): Promise<number> {
  const own = (worker.pod.spec?.volumes ?? []).filter(
    ({ emptyDir }) => emptyDir !== undefined && emptyDir.medium !== 'Memory',
  )
  const places = own.flatMap(({ name }) => worker.volumes.get(name)?.path ?? [])
  const used = await Promise.all(places.map(diskUsage))
  return used.reduce((sum, bytes) => sum + bytes, await written(options, worker))
}

/** Logs, and what containers have written outside of their volumes, where the runtime can tell. */
async function written({ runtime }: EvictionOptions, { record }: PodWorker): Promise<number> {
  return record.sandbox === undefined ? 0 : ((await runtime.writtenBytes?.(record.sandbox.id)) ?? 0)
}

/** Pods that have written more than they may go, whatever the node has left. */
async function enforceLimits(options: EvictionOptions): Promise<void> {
  for (const worker of options.workers()) {
    const pod: Pod = worker.pod
    if (worker.hasEnded || worker.record.verdict !== undefined || !hasStorageLimits(pod)) continue
    const message = await exceededLimit(pod, worker.volumes, await written(options, worker))
    if (message !== undefined) worker.evict(message)
  }
}
