import type { Job } from '../../src/api/generated/batch-v1.ts'
import type { Pod } from '../../src/api/generated/core-v1.ts'

/** All that ever happened to one Job and its pods, as far as counting goes. */
export interface JobRecord {
  job: Job
  /** The largest parallelism that it ever had. */
  parallelism: number
  /** Whether pods were given up for a smaller parallelism or a suspension: those are not counted. */
  gaveUpPods: boolean
  /** Pods that exist, by uid. */
  readonly pods: Map<string, Pod>
  /** Uids of pods that were ever seen Succeeded, and Failed or being deleted. */
  readonly succeeded: Set<string>
  readonly failed: Set<string>
}

export const TRACKING = 'batch.kubernetes.io/job-tracking'

/** `0-2,5` as the set of its numbers. */
export function indexesOf(text: string | undefined): ReadonlySet<number> {
  const indexes = new Set<number>()
  for (const part of (text ?? '').split(',').filter((each) => each !== '')) {
    const [first = 0, last = first] = part.split('-').map(Number)
    for (let index = first; index <= last; index++) indexes.add(index)
  }
  return indexes
}

export const hasCondition = (job: Job, type: string) =>
  job.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false

export const isFinished = (job: Job) => hasCondition(job, 'Complete') || hasCondition(job, 'Failed')

export const isActive = (pod: Pod) =>
  pod.metadata.deletionTimestamp === undefined && pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed'

export const isTracked = (pod: Pod) => pod.metadata.finalizers?.includes(TRACKING) ?? false

/** The uid of the Job that controls the pod. */
export function jobUidOf(pod: Pod): string | undefined {
  return pod.metadata.ownerReferences?.find(({ kind, controller }) => kind === 'Job' && controller === true)?.uid
}
