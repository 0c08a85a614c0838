import type { Job } from '../../api/generated/batch-v1.ts'
import { configMaps, jobs } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'
import { follow } from '../../client/follow.ts'
import type { Environment } from '../../env/environment.ts'
import { randomSuffix } from '../../env/random.ts'
import { ComputeError } from '../errors.ts'
import type { ArrayJobOptions } from './array-job-options.ts'
import { countOf } from './array-job-options.ts'
import { indexesOf } from './index-ranges.ts'
import { inputMaps } from './input-maps.ts'
import { ARRAY_HASH, arrayJobHash, arrayJobObject } from './job-object.ts'
import { logOf, resultOf } from './index-result.ts'
import type { IndexResult } from './index-result.ts'

/** Containers of any image and command, one for each index, as an Indexed Job. */
export interface ArrayJob extends AsyncDisposable {
  /** The Job's name. */
  readonly name: string
  /** How each index ended, in order of the indexes, once all have ended. Failures are results, too. */
  results(): Promise<readonly IndexResult[]>
  /** The same as they end. */
  asCompleted(): AsyncGenerator<IndexResult>
  /** The same as `results()`, but rejects with `SHOAL_ARRAY_JOB_FAILED` where an index failed for good. */
  succeeded(): Promise<readonly IndexResult[]>
  /** What the container of `index` has written, of its newest attempt. */
  logs(index: number): Promise<string>
  /** What it waits for, one sentence each. */
  why(): Promise<readonly string[]>
  /** Runs indexes anew: as a Job of its own, with the same inputs. Default: those that failed. */
  retry(indexes?: readonly number[]): Promise<ArrayJob>
  /** Ends its pods and removes it. Disposing of it does so where it has not ended. */
  cancel(): Promise<void>
}

export interface ArrayJobHost {
  readonly client: Client
  readonly env: Environment
  readonly namespace: string
  /** The stock Node image, which has a shell; it collects the outputs. */
  readonly collectorImage: string
}

/**
 * Starts an array job, or finds the one of that name that a program before this one started with the same specification:
 * it is gone on with then. Rejects with `SHOAL_ARRAY_JOB` where the name is taken by another.
 */
export async function startArrayJob(
  host: ArrayJobHost,
  options: ArrayJobOptions,
  indexes: readonly number[] = Array.from({ length: countOf(options) }, (_, index) => index),
): Promise<ArrayJob> {
  const { client, env, namespace } = host
  const name = options.name ?? `array-${randomSuffix(env.random, 8)}`
  const maps = inputMaps(name, namespace, options, indexes)
  const facts = { ...host, name, count: indexes.length, inputMaps: maps.map(({ metadata }) => metadata.name!) }
  const object = arrayJobObject(facts, options, arrayJobHash(options, indexes))
  const job = await createOrFind(client, object)
  if (job.spec?.suspend === true) {
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid: job.metadata.uid ?? '' }
    for (const map of maps) {
      const owned = { ...map, metadata: { ...map.metadata, ownerReferences: [owner] } }
      await client.create(configMaps, owned).catch(ignoreExisting)
    }
    // Only now is there all that its pods need.
    await client.patch(jobs, { namespace, name }, { type: 'merge', patch: { spec: { suspend: false } } })
  }
  return arrayJob(host, name, options, indexes)
}

async function createOrFind(client: Client, object: Job): Promise<Job> {
  try {
    return await client.create(jobs, object)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
    const { namespace = '', name = '' } = object.metadata
    const found = await client.get(jobs, { namespace, name })
    if (found.metadata.annotations?.[ARRAY_HASH] === object.metadata.annotations?.[ARRAY_HASH]) return found
    const message = `Cannot start array job "${name}": a Job of that name has another specification, expected the same or none`
    throw new ComputeError('SHOAL_ARRAY_JOB', message, {
      hint: 'give it another name, or delete that Job',
      cause: error,
    })
  }
}

function ignoreExisting(error: unknown): void {
  if (!hasReason(error, 'AlreadyExists')) throw error
}

function arrayJob(host: ArrayJobHost, name: string, options: ArrayJobOptions, indexes: readonly number[]): ArrayJob {
  const { client, namespace } = host
  const key = { namespace, name }
  const signal = options.signal ?? new AbortController().signal
  const facts = { client, namespace, job: name, container: 'main', collects: options.collect === true }
  let isCancelled = false
  const read = async (place: number) => ({ ...(await resultOf(facts, place)), index: indexes[place] ?? place })

  async function* asCompleted(): AsyncGenerator<IndexResult> {
    const told = new Set<number>()
    for (;;) {
      const { ended, isOver } = await follow(client, jobs, key, (job) => news(job, told, indexes.length, name), signal)
      for (const place of ended) {
        told.add(place)
        yield await read(place)
      }
      if (isOver) return
    }
  }

  async function results(): Promise<readonly IndexResult[]> {
    const all: IndexResult[] = []
    for await (const result of asCompleted()) all.push(result)
    return all.sort((left, right) => left.index - right.index)
  }

  async function cancel(): Promise<void> {
    isCancelled = true
    await client.delete(jobs, key, { propagationPolicy: 'Background' }).catch(ignoreMissing)
  }

  return {
    name,
    results,
    asCompleted,
    async succeeded() {
      const all = await results()
      const failed = all.filter(({ outcome }) => outcome === 'failed')
      if (failed.length > 0) throw failedError(name, all.length, failed)
      return all
    },
    logs: (index) => logOf(facts, indexes.indexOf(index)),
    async why() {
      const job = await client.get(jobs, key)
      return isEnded(job) ? [] : [waitingFor(job, indexes.length)]
    },
    async retry(chosen) {
      const again = chosen ?? (await results()).filter(({ outcome }) => outcome === 'failed').map(({ index }) => index)
      const { name: _name, ...same } = options
      return startArrayJob(host, same, again)
    },
    cancel,
    async [Symbol.asyncDispose]() {
      const job = await client.get(jobs, key).catch(ignoreMissing)
      if (!isCancelled && job !== undefined && !isEnded(job)) await cancel()
    },
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!hasReason(error, 'NotFound')) throw error
}

/** Places that have ended and were not told of; `undefined` while there is none, and the Job goes on. */
function news(
  job: Job | undefined,
  told: ReadonlySet<number>,
  count: number,
  name: string,
): { readonly ended: readonly number[]; readonly isOver: boolean } | undefined {
  if (job === undefined) throw goneError(name)
  const isOver = isEnded(job)
  const { completedIndexes, failedIndexes } = job.status ?? {}
  // A Job that failed as a whole, such as by its deadline, has ended for the indexes that it names nowhere, too.
  const ended = isOver
    ? Array.from({ length: count }, (_, place) => place)
    : [...indexesOf(completedIndexes), ...indexesOf(failedIndexes)]
  const untold = ended.filter((place) => !told.has(place))
  return untold.length > 0 || isOver ? { ended: untold, isOver } : undefined
}

const isEnded = (job: Job) =>
  job.status?.conditions?.some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  ) === true

function waitingFor(job: Job, count: number): string {
  const { active = 0, ready = 0, completedIndexes, failedIndexes } = job.status ?? {}
  const done = indexesOf(completedIndexes).length
  const failed = indexesOf(failedIndexes).length
  return `array job "${job.metadata.name}": ${done} of ${count} indexes have succeeded and ${failed} have failed; ${active} pods are active, ${ready} of them ready`
}

function goneError(name: string): ComputeError {
  const message = `Cannot follow array job "${name}": it is not there, expected it to run`
  return new ComputeError('SHOAL_ARRAY_JOB', message, { hint: 'somebody deleted the Job; start it again' })
}

function failedError(name: string, count: number, failed: readonly IndexResult[]): ComputeError {
  const [first] = failed
  const which = failed
    .slice(0, 10)
    .map(({ index }) => index)
    .join(', ')
  const current = `${failed.length} of ${count} indexes failed (${which}); index ${first?.index}: ${first?.reason}`
  const message = `Cannot complete array job "${name}": ${current}, expected all to succeed`
  const hint = 'results() tells of each; retry() runs the failed ones again'
  return new ComputeError('SHOAL_ARRAY_JOB_FAILED', message, {
    hint,
    facts: { failed: failed.map(({ index }) => index) },
  })
}
