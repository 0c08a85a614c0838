import type { Client } from '../client/client.ts'
import type { Environment } from '../env/environment.ts'
import type { EventRecorder } from './event-recorder.ts'
import { perform } from './executor.ts'
import type { ExecutorHooks } from './executor.ts'
import type { Expectations } from './expectations.ts'
import type { ControllerParts, Decision } from './reconciler.ts'
import { createWorkQueue } from './work-queue.ts'
import type { WorkQueue } from './work-queue.ts'

/**
 * A decision that took this long is not taken again for ten times as long, at most {@link LONGEST_REST_MS}: what happens
 * meanwhile is decided together. So an owner of thousands of pods does not look at all of them for each.
 */
const DEAR_MS = 1
const LONGEST_REST_MS = 250
/**
 * Dear decisions of all keys together leave so many times as long as they take to others, so that fifty owners of thousands
 * of pods do not take the thread for themselves either.
 */
const OTHERS_SHARE = 4

/**
 * How many keys a controller works on at once unless it says otherwise. Kubernetes has 5; with so few, controllers of many
 * small objects mostly wait for flushes, which many writes can share.
 */
export const DEFAULT_CONCURRENCY = 16

export interface ControllerStatus {
  readonly name: string
  readonly reconciles: number
  readonly errors: number
  readonly depth: number
  readonly working: number
  readonly delayed: number
  /** Keys that wait until caches show what was written for them. */
  readonly waitingForCaches: number
  readonly lastError?: string
}

export interface RunningController {
  status(): ControllerStatus
  /** Begins to work on the keys that have gathered. */
  start(): void
  /** To be called after each batch of a cache: looks again at the keys that waited for it. */
  cachesMoved(): void
  /** Takes no more keys, and resolves when those under way are done. */
  close(): Promise<void>
}

export interface ControllerRun {
  readonly name: string
  readonly env: Environment
  readonly client: Client
  readonly recorder: EventRecorder
  readonly expectations: Expectations
  readonly parts: ControllerParts
}

interface Counts {
  reconciles: number
  errors: number
  lastError: string | undefined
}

interface LoopState {
  readonly queue: WorkQueue
  readonly counts: Counts
  /** Keys that wait until the caches show what was written for them. */
  readonly deferred: Set<string>
  readonly signal: AbortSignal
}

/** The loop of one controller: keys in, decisions performed. An error of one key never stops the others. */
export function runController(run: ControllerRun): RunningController {
  const { env, parts, expectations } = run
  const aborter = new AbortController()
  const counts: Counts = { reconciles: 0, errors: 0, lastError: undefined }
  const deferred = new Set<string>()
  const active = new Set<Promise<void>>()
  const concurrency = parts.concurrency ?? DEFAULT_CONCURRENCY
  let started = false
  let scheduled = false

  // One turn per batch of events: what comes in the same turn is decided together.
  const schedule = () => {
    if (!started || scheduled) return
    scheduled = true
    queueMicrotask(pump)
  }
  const queue = createWorkQueue(env, schedule)
  const workOn = keyWorker(run, { queue, counts, deferred, signal: aborter.signal })
  const pump = () => {
    scheduled = false
    while (active.size < concurrency) {
      const key = queue.take()
      if (key === undefined) return
      const work: Promise<void> = workOn(key).finally(() => {
        active.delete(work)
        queue.done(key)
        schedule()
      })
      active.add(work)
    }
  }

  const stops = parts.sources.map((source) => source.start(queue.add))
  return {
    status: () => ({
      name: run.name,
      reconciles: counts.reconciles,
      errors: counts.errors,
      depth: queue.depth,
      working: queue.working,
      delayed: queue.delayed,
      waitingForCaches: deferred.size,
      ...(counts.lastError === undefined ? {} : { lastError: counts.lastError }),
    }),
    start() {
      started = true
      schedule()
    },
    cachesMoved() {
      for (const key of deferred) {
        if (expectations.remainingMs(key) > 0) continue
        deferred.delete(key)
        queue.add(key)
      }
    },
    async close() {
      for (const stop of stops) stop()
      queue.close()
      parts.close?.()
      aborter.abort(new Error(`the ${run.name} was closed`))
      await Promise.allSettled(active)
    },
  }
}

/** One look at a key: waits for the caches, decides, performs; what fails comes back later. */
function keyWorker(run: ControllerRun, state: LoopState): (key: string) => Promise<void> {
  const { env, parts, expectations, recorder } = run
  const { queue, counts, deferred, signal } = state

  /** Until when keys rest whose last decision was dear; few are. */
  const rests = new Map<string, number>()
  /** Until when all of them do. */
  let sharedRest = 0

  const restMs = (key: string): number => {
    const until = rests.get(key)
    return until === undefined ? 0 : Math.max(0, Math.max(until, sharedRest) - env.clock.monotonicMs())
  }
  const decide = (key: string): Decision | Promise<Decision> => {
    const startMs = env.clock.monotonicMs()
    const decision = parts.reconcile(key, env.clock.now())
    const tookMs = env.clock.monotonicMs() - startMs
    if (tookMs < DEAR_MS) rests.delete(key)
    else {
      rests.set(key, startMs + Math.min(LONGEST_REST_MS, 10 * tookMs))
      sharedRest = Math.max(sharedRest, startMs + tookMs) + OTHERS_SHARE * Math.min(LONGEST_REST_MS, tookMs)
    }
    return decision
  }

  const decideAndPerform = async (key: string): Promise<void> => {
    counts.reconciles += 1
    const decision = await decide(key)
    const hooks: ExecutorHooks = {
      wrote: (written) => expectations.expect(key, written),
      event: (note) => recorder.record(note),
    }
    const performed = await perform(run.client, decision.changes, hooks, signal).catch(async (error: unknown) => {
      await perform(run.client, decision.whenFailed?.(error as Error) ?? [], hooks, signal)
      throw error
    })
    if (performed === 'taken') await perform(run.client, decision.whenTaken?.() ?? [], hooks, signal)
    if (performed !== 'done') return queue.addRateLimited(key)
    queue.forget(key)
    if (decision.requeueAfterMs !== undefined) queue.addAfter(key, decision.requeueAfterMs)
  }

  return async (key) => {
    const remainingMs = expectations.remainingMs(key)
    if (remainingMs > 0) {
      deferred.add(key)
      return queue.addAfter(key, remainingMs)
    }
    deferred.delete(key)
    const waitMs = restMs(key)
    if (waitMs > 0) return queue.addAfter(key, waitMs)
    try {
      await decideAndPerform(key)
    } catch (error) {
      if (signal.aborted) return
      counts.errors += 1
      counts.lastError = `${key}: ${(error as Error).message}`
      const facts = { controller: run.name, key, failures: queue.failures(key) + 1, error }
      env.log.warn('a controller failed on a key and will try again', facts)
      queue.addRateLimited(key, parts.retry)
    }
  }
}
