import type { Pod } from '../../api/generated/core-v1.ts'
import { configMaps, events, jobs, pods, secrets } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import type { Trust } from '../wire/secure.ts'
import type { WorkerPool } from '../worker-pool.ts'
import { watchCrashLoops } from './crash-loops.ts'
import { createJobScale } from './job-scale.ts'
import { investigatePods, reasonOf } from './pod-loss.ts'
import { firstWorkers, programConfigMap, WORKER_SELECTOR, workerJob, workerSecret } from './worker-job.ts'
import type { WorkerJobFacts, WorkerOptions } from './worker-job.ts'

export interface JobPoolOptions {
  readonly client: Client
  readonly env: Environment
  readonly name: string
  readonly namespace: string
  readonly image: string
  readonly workers: WorkerOptions
  /** The text of the worker program. */
  readonly program: string
  /** What workers show their coordinator, where that is elsewhere. */
  readonly trust?: Trust
}

/** Workers as the pods of one Job. */
export interface JobPool extends WorkerPool {
  /** Resolves when the Job is there; rejects where it cannot be made. */
  readonly created: Promise<void>
  /** Makes what the pool has created belong to `owner`, so that it goes when the owner does. */
  adopt(owner: Owner): Promise<void>
}

/** Whose end is the end of what it owns. */
export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

export function createJobPool(options: JobPoolOptions): JobPool {
  const { client, env, name, namespace, workers } = options
  const key = { namespace, name }
  const created = Promise.withResolvers<void>()
  created.promise.catch(() => {})
  let isStarted = false
  const scale = createJobScale(client, key, created.promise, firstWorkers(workers))
  const loops = watchCrashLoops({
    ...options,
    labelSelector: WORKER_SELECTOR(name),
    onHeldBack: (count) =>
      void scale.makeUpFor(count).catch((error: unknown) => env.log.debug('Cannot make up for pods', { name, error })),
  })
  const investigate = investigatePods(client, env, namespace)
  return {
    get wanted() {
      return scale.wanted
    },
    elastic: scale,
    created: created.promise,
    async start(address, token) {
      isStarted = true
      const facts: WorkerJobFacts = { ...options, address }
      try {
        // All at once: a pod that is there before its program waits for it, as Kubernetes does.
        await Promise.all([
          client.create(configMaps, programConfigMap(facts, options.program)),
          client.create(secrets, workerSecret(facts, token)),
          client.create(jobs, workerJob(facts)),
        ])
        created.resolve()
      } catch (error) {
        created.reject(error)
        throw error
      }
    },
    async adopt(owner) {
      await created.promise
      const patch = {
        type: 'merge' as const,
        patch: { metadata: { ownerReferences: [{ ...owner, controller: true }] } },
      }
      await Promise.all([jobs, configMaps, secrets].map((type) => client.patch(type, key, patch)))
    },
    investigate(record) {
      loops.lost()
      return investigate(record)
    },
    async discard(pod) {
      await client.delete(pods, { namespace, name: pod }, { gracePeriodSeconds: 0 })
    },
    async reasons() {
      const { items } = await client.list(pods, { namespace, labelSelector: WORKER_SELECTOR(name) })
      if (items.length === 0) return [`job ${name} has no pods yet${await lastEventOf(client, namespace, name)}`]
      return items.map((pod: Pod) => reasonOf(pod)).filter((reason) => reason !== undefined)
    },
    async close() {
      loops.stop()
      // Where its coordinator could not be started nothing was asked for, and nothing will be.
      if (!isStarted) created.reject(new Error('the workers were never asked for'))
      await created.promise.catch(() => {})
      await Promise.allSettled([
        client.delete(jobs, key, { propagationPolicy: 'Background' }),
        client.delete(configMaps, key),
        client.delete(secrets, key),
      ])
      await podsGone(options)
    },
  }
}

/** How long the end of the pods is waited for: their grace, and as much again. */
const GONE_MS = 10_000

/** Resolves when no pod of the run is listed any more; where they do not go, after a while all the same. */
async function podsGone({ client, env, name, namespace }: JobPoolOptions): Promise<void> {
  const { clock, timers } = env
  const startedMs = clock.monotonicMs()
  for (let pauseMs = 4; clock.monotonicMs() - startedMs < GONE_MS; pauseMs = Math.min(250, pauseMs * 1.5)) {
    const list = await client.list(pods, { namespace, labelSelector: WORKER_SELECTOR(name) }).catch(() => undefined)
    if (list === undefined || list.items.length === 0) return
    await sleep(timers, pauseMs)
  }
  env.log.warn('Pods of a closed session are still there', { name, waitedMs: GONE_MS })
}

/** The last thing that was said of the Job, such as that a quota forbids its pods. */
async function lastEventOf(client: Client, namespace: string, name: string): Promise<string> {
  const fieldSelector = `involvedObject.kind=Job,involvedObject.name=${name}`
  const list = await client.list(events, { namespace, fieldSelector }).catch(() => undefined)
  const last = list?.items.at(-1)
  return last === undefined ? '' : `: ${last.reason}: ${last.message}`
}
