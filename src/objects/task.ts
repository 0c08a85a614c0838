import type { Job } from '../api/generated/batch-v1.ts'
import { jobs, pods, priorityClasses } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { KubernetesCluster } from './cluster.ts'
import { containerOf } from './container-spec.ts'
import type { ContainerOptions } from './container-spec.ts'
import { follow } from './follow.ts'
import type { Wanted } from './follow.ts'
import { textOf } from './log-text.ts'
import { MANAGER } from './manager.ts'
import type { WaitOptions } from './manager.ts'
import { ObjectsError } from './objects-error.ts'

/** What a Task runs, how often, and for how long it is tried. */
export interface TaskOptions extends ContainerOptions {
  /** How many of its pods must succeed; default 1. Each finds its number in `JOB_COMPLETION_INDEX`. */
  readonly completions?: number
  /** How many run at once; default all of them. */
  readonly parallelism?: number
  /** Failures that are made good by another try, of all its pods together; default 6. */
  readonly backoffLimit?: number
  /** From its start to its end, all tries together, in seconds; default none. */
  readonly deadlineSeconds?: number
  /** The name of a PriorityClass; or a number, higher first, for which one is made. Default: the cluster's default. */
  readonly priority?: number | string
}

/** Work that ends: a Job. */
export interface Task {
  readonly name: string
  readonly cluster: KubernetesCluster
  /** Creates it; resolves without waiting for its end. */
  start(): Promise<Job>
  /** Resolves when it has completed. Rejects with `OBJECTS_TASK_FAILED`, and the end of a failed pod's log, where it failed. */
  result(options?: WaitOptions): Promise<Job>
  /** `start()` and `result()`. */
  run(options?: WaitOptions): Promise<Job>
  /** What the pod of one index (default 0) wrote, of its last try. */
  logs(index?: number): Promise<string>
  /** Ends its pods and removes it. */
  cancel(): Promise<void>
}

/**
 * Declares a Task; nothing is written before it is started.
 *
 * @example
 * const report = Task.create('report', cluster, { image: 'node:24', args: ['report.js'], completions: 10, backoffLimit: 2 })
 * await report.run()
 * console.log(await report.logs(3))
 */
function create(name: string, cluster: KubernetesCluster, options: TaskOptions = {}): Task {
  const { client, namespace } = cluster
  const key = { namespace, name }
  const start = async () => {
    const priorityClassName = await priorityOf(cluster, options.priority)
    return client.create(jobs, jobOf(name, cluster, options, priorityClassName), MANAGER)
  }
  const logs = async (index = 0) => {
    const { items } = await client.list(pods, { namespace, labelSelector: `job-name=${name}` })
    const tries = items.filter((pod) => pod.metadata.annotations?.[INDEX] === String(index))
    const last = tries.toSorted((a, b) => startOf(a.metadata).localeCompare(startOf(b.metadata))).at(-1)
    if (last === undefined) throw noPod(name, index)
    return textOf(client.logs({ namespace, name: last.metadata.name! }))
  }
  const result = async (choice?: WaitOptions) => {
    const job = await follow(client, jobs, key, ended(), choice)
    const failure = conditionOf(job, 'Failed')
    if (failure === undefined) return job
    throw taskFailed(name, `${failure.reason ?? 'Failed'}: ${failure.message ?? ''}`, await lastWords(cluster, name))
  }
  const run = async (choice?: WaitOptions) => {
    await start()
    return result(choice)
  }
  const cancel = async () => {
    await client.delete(jobs, key, { propagationPolicy: 'Background' })
  }
  return { name, cluster, start, result, run, logs, cancel }
}

const INDEX = 'batch.kubernetes.io/job-completion-index'
const startOf = (metadata: { readonly creationTimestamp?: string }) => metadata.creationTimestamp ?? ''

function jobOf(
  name: string,
  cluster: KubernetesCluster,
  options: TaskOptions,
  priorityClassName: string | undefined,
): Job {
  const { completions = 1, parallelism = completions, backoffLimit, deadlineSeconds } = options
  const podSpec = {
    restartPolicy: 'Never',
    containers: [containerOf(name, options, cluster)],
    ...(priorityClassName !== undefined && { priorityClassName }),
  }
  const spec = {
    completionMode: 'Indexed',
    completions,
    parallelism,
    ...(backoffLimit !== undefined && { backoffLimit }),
    ...(deadlineSeconds !== undefined && { activeDeadlineSeconds: deadlineSeconds }),
    template: { spec: podSpec },
  }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: cluster.namespace }, spec }
}

/** The class of a priority that is a number is made when it is first asked for. */
async function priorityOf(
  { client }: KubernetesCluster,
  priority: number | string | undefined,
): Promise<string | undefined> {
  if (typeof priority !== 'number') return priority
  const name = `shoal-priority-${priority < 0 ? 'minus-' : ''}${Math.abs(priority)}`
  const object = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value: priority }
  await client.create(priorityClasses, object, { fieldManager: MANAGER.fieldManager }).catch((error: unknown) => {
    if (!hasReason(error, 'AlreadyExists')) throw error
  })
  return name
}

const conditionOf = (job: Job, type: string) =>
  job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True')

function ended(): Wanted<Job, Job> {
  return {
    judge: (job) =>
      job !== undefined && (conditionOf(job, 'Complete') ?? conditionOf(job, 'Failed')) ? job : undefined,
    state(job) {
      if (job === undefined) return 'it is not there'
      const { active = 0, succeeded = 0, failed = 0 } = job.status ?? {}
      return `${active} pods run, ${succeeded} of ${job.spec?.completions ?? 1} have succeeded, ${failed} have failed`
    },
    expected: 'it to end',
  }
}

/** The end of what a failed pod wrote; empty where nobody has it any more. */
async function lastWords({ client, namespace }: KubernetesCluster, job: string): Promise<string> {
  const { items } = await client.list(pods, { namespace, labelSelector: `job-name=${job}` })
  const failed = items.find((pod) => pod.status?.phase === 'Failed')
  if (failed === undefined) return ''
  return textOf(client.logs({ namespace, name: failed.metadata.name! }, { tailLines: 10 })).catch(() => '')
}

function taskFailed(name: string, reason: string, words: string): ObjectsError {
  const message = `Cannot complete task "${name}": ${reason}, expected every index to succeed`
  return new ObjectsError(
    'OBJECTS_TASK_FAILED',
    words === '' ? message : `${message}\n${words}`,
    'mend what its log tells',
  )
}

function noPod(name: string, index: number): ObjectsError {
  const message = `Cannot read the log of task "${name}": index ${index} has 0 pods, expected one that has started`
  return new ObjectsError(
    'OBJECTS_NOT_STARTED',
    message,
    'await task.start() first, and name an index below completions',
  )
}

/** Declares Tasks. */
export const Task = { create }
