import type { Pod } from '../api/generated/core-v1.ts'
import type { ContainerStatus, Runtime, Sandbox } from '../runtime/runtime.ts'
import type { Timer } from '../env/clock.ts'
import { recordOfEarlierLife } from './earlier-life.ts'
import type { NodeContext } from './node-context.ts'
import type { ContainerRecord, PodRecord } from './pod-record.ts'

/** What a runtime whose containers outlive their agent still has of pods, each to be taken once. */
export interface Remains {
  /** What there is of the pod with that uid, or undefined. */
  take(uid: string): PodRemains | undefined
  has(uid: string): boolean
  /** What nobody has taken belongs to pods that are gone: ends and removes it. Rejects where some of it is left, to be tried again. */
  clear(context: NodeContext): Promise<void>
}

export interface PodRemains {
  readonly sandboxes: readonly Sandbox[]
  readonly containers: readonly ContainerStatus[]
}

export async function findRemains(runtime: Runtime): Promise<Remains> {
  const { sandboxes, containers } =
    runtime.outlivesAgent === true ? await runtime.list() : { sandboxes: [], containers: [] }
  const byUid = new Map<string, PodRemains>()
  for (const uid of new Set(sandboxes.map(({ podUid }) => podUid))) {
    const isOf = ({ podUid }: { readonly podUid: string }) => podUid === uid
    byUid.set(uid, { sandboxes: sandboxes.filter(isOf), containers: containers.filter(isOf) })
  }
  return {
    take(uid) {
      const remains = byUid.get(uid)
      byUid.delete(uid)
      return remains
    },
    has: (uid) => byUid.has(uid),
    async clear({ env, files }) {
      const errors: unknown[] = []
      for (const [uid, { sandboxes: left }] of byUid) {
        env.log.info('removing what is left of a pod that is gone', { uid })
        try {
          for (const { id } of left) {
            await runtime.stopSandbox(id)
            await runtime.removeSandbox(id)
          }
          await files.remove(uid)
          byUid.delete(uid)
        } catch (error) {
          errors.push(error)
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, `Cannot remove what is left of ${errors.length} pods`)
    },
  }
}

/** Until what could not be cleared is tried again, in milliseconds. */
const CLEAR_AGAIN_MS = 5_000

/** Clears until it is done: an engine that is being killed or started takes a while. Returns the way to give up. */
export function keepClearing(remains: Remains, context: NodeContext): () => void {
  const { log, timers } = context.env
  let timer: Timer | undefined
  let closed = false
  const again = (error: unknown) => {
    log.warn('what gone pods have left was not removed, and is tried again', { error })
    if (!closed) timer = timers.after(CLEAR_AGAIN_MS, attempt, { background: true })
  }
  const attempt = () => void remains.clear(context).catch(again)
  attempt()
  return () => {
    closed = true
    timer?.cancel()
  }
}

/** A pod that goes on under this agent, and what has happened to its containers while nobody looked. */
export interface Adopted {
  readonly record: PodRecord
  readonly news: readonly ContainerStatus[]
}

/** The record of a pod from what runs of it; containers that were never started are removed, to be made again. */
export async function adopt(runtime: Runtime, pod: Pod, remains: PodRemains, nowMs: number): Promise<Adopted> {
  const [sandbox, ...older] = remains.sandboxes.toSorted((a, b) => b.attempt - a.attempt)
  const earlier = recordOfEarlierLife(pod, nowMs)
  const unborn = remains.containers.filter(({ state }) => state.phase === 'created')
  await Promise.all(unborn.map(({ id }) => runtime.removeContainer(id)))
  const born = remains.containers.filter(({ state }) => state.phase !== 'created')
  const news: ContainerStatus[] = []
  const containers = new Map(earlier.containers)
  for (const name of new Set(born.map((each) => each.name))) {
    const attempts = born.filter((each) => each.name === name).toSorted((a, b) => b.attempt - a.attempt)
    const adopted = recordOfAttempts(pod, attempts, earlier.containers.get(name))
    if (adopted === undefined) continue
    containers.set(name, adopted.known)
    if (adopted.isNews && attempts[0] !== undefined) news.push(attempts[0])
  }
  const [current, former] = sandbox?.ready === true ? [sandbox, older.shift()] : [undefined, sandbox]
  for (const { id } of older) {
    await runtime.stopSandbox(id)
    await runtime.removeSandbox(id)
  }
  const sandboxes = { ...(current && { sandbox: current }), ...(former && { former }) }
  return { record: { ...earlier, containers, ...sandboxes }, news }
}

/** An attempt whose end was not reported yet is taken for running, so that its end is news. */
function recordOfAttempts(
  pod: Pod,
  [newest, previous]: readonly ContainerStatus[],
  earlier: ContainerRecord | undefined,
): { readonly known: ContainerRecord; readonly isNews: boolean } | undefined {
  if (newest === undefined) return undefined
  const { status } = pod
  const all = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses]
  const reported = all.flatMap((each) => each ?? []).find(({ name }) => name === newest.name)
  const isReported = reported?.containerID?.endsWith(newest.id) === true
  const isNews = newest.state.phase === 'exited' && !(isReported && reported?.state?.terminated !== undefined)
  const startedAtMs = newest.state.phase === 'exited' ? newest.state.startedAtMs : 0
  const current: ContainerStatus = isNews ? { ...newest, state: { phase: 'running', startedAtMs } } : newest
  const known: ContainerRecord = {
    restarts: newest.attempt,
    current,
    ...(reported?.image !== undefined && { imageReference: reported.image }),
    ...(previous !== undefined && { previous }),
    ...(isReported && {
      probed: { isStarted: reported?.started === true, isReady: reported?.ready === true },
    }),
    ...(earlier?.lastWords !== undefined && { lastWords: earlier.lastWords }),
  }
  return { known, isNews }
}
