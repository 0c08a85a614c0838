import type { Job } from '../../src/api/generated/batch-v1.ts'
import type { Pod } from '../../src/api/generated/core-v1.ts'
import type { Change } from '../../src/store/store.ts'
import type { Ledger } from '../faults/ledger.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'
import { hasCondition, indexesOf, isActive, isFinished, isTracked, jobUidOf } from './job-ledger.ts'
import type { JobRecord } from './job-ledger.ts'

const JOBS = 'jobs.batch'

/**
 * A Job counts each of its pods once: never more successes or failures than there were pods that ended so, no pod let go
 * before it is in the status, never more at work than its parallelism, and all of its completions, no more, when it is
 * complete. Pods whose creator never heard of them are forgiven, as Kubernetes cannot help them either.
 */
export function jobsCountExactly(ledger: Ledger): Checker {
  const records = new Map<string, JobRecord>()
  return {
    name: 'jobs count exactly',
    commit({ changes }) {
      for (const change of changes) {
        if (change.entry.resource === JOBS) seeJob(records, change, ledger)
        if (change.entry.resource === 'pods') seePod(records, change, ledger)
      }
    },
    end() {
      for (const { job } of records.values()) {
        check(isFinished(job), () => `job ${job.metadata.name} never ended: ${JSON.stringify(job.status)}`)
      }
    },
  }
}

function seeJob(records: Map<string, JobRecord>, { type, entry }: Change, ledger: Ledger): void {
  const job = entry.object as Job
  const uid = job.metadata.uid ?? ''
  if (type === 'delete') return void records.delete(uid)
  const record = records.get(uid) ?? emptyRecord(job)
  const parallelism = job.spec?.parallelism ?? 1
  if (parallelism < record.parallelism || job.spec?.suspend === true) record.gaveUpPods = true
  record.parallelism = Math.max(record.parallelism, parallelism)
  checkStays(record.job, job)
  record.job = job
  records.set(uid, record)
  checkCounts(record)
  if (hasCondition(job, 'Complete')) checkComplete(record, ledger.lostCreationsOf(uid))
  if (hasCondition(job, 'Failed')) checkFailed(record)
}

function emptyRecord(job: Job): JobRecord {
  return { job, parallelism: 0, gaveUpPods: false, pods: new Map(), succeeded: new Set(), failed: new Set() }
}

/** What has been counted stays counted, and a Job that ended stays as it is. */
function checkStays(before: Job, job: Job): void {
  const counts = ({ status }: Job) => [status?.succeeded ?? 0, status?.failed ?? 0] as const
  const [succeededBefore, failedBefore] = counts(before)
  const [succeeded, failed] = counts(job)
  const told = () => `job ${job.metadata.name} went from ${succeededBefore} succeeded and ${failedBefore} failed to `
  const fell = succeeded < succeededBefore || failed < failedBefore
  check(!fell, () => `${told()}${succeeded} and ${failed}, expected counts that never fall`)
  const moved = succeeded !== succeededBefore || failed !== failedBefore
  check(!isFinished(before) || !moved, () => `${told()}${succeeded} and ${failed} after it had ended`)
  check(!isFinished(before) || isFinished(job), () => `job ${job.metadata.name} had ended and goes on`)
}

function checkCounts({ job, succeeded, failed }: JobRecord): void {
  const { status, spec, metadata } = job
  const uncounted = status?.uncountedTerminatedPods ?? {}
  if (spec?.completionMode === 'Indexed') {
    const indexes = indexesOf(status?.completedIndexes).size
    check(
      (status?.succeeded ?? 0) === indexes,
      () => `job ${metadata.name}: ${status?.succeeded} succeeded, ${indexes} indexes`,
    )
  }
  const claimed = (status?.succeeded ?? 0) + (uncounted.succeeded?.length ?? 0)
  const why = () => `only ${succeeded.size} of its pods ever succeeded`
  check(claimed <= succeeded.size, () => `job ${metadata.name} counts ${claimed} successes, but ${why()}`)
  const claimedFailed = (status?.failed ?? 0) + (uncounted.failed?.length ?? 0)
  const whyFailed = () => `only ${failed.size} of its pods ever failed or were deleted`
  check(claimedFailed <= failed.size, () => `job ${metadata.name} counts ${claimedFailed} failures, but ${whyFailed()}`)
}

function checkComplete({ job, pods, gaveUpPods }: JobRecord, forgiven: number): void {
  const { status, spec, metadata } = job
  const wanted = spec?.completions ?? 1
  const most = spec?.completions === undefined ? Infinity : wanted + (spec.completionMode === 'Indexed' ? 0 : forgiven)
  const got = status?.succeeded ?? 0
  check(
    got >= wanted && got <= most,
    () => `job ${metadata.name} is complete with ${got} successes, expected ${wanted}`,
  )
  check(!hasCondition(job, 'Failed'), () => `job ${metadata.name} is both complete and failed`)
  checkNoneLeft(job, gaveUpPods ? [] : [...pods.values()])
}

function checkFailed({ job, pods, gaveUpPods }: JobRecord): void {
  const reason = job.status?.conditions?.find(({ type }) => type === 'Failed')?.reason
  const { failed = 0 } = job.status ?? {}
  const limit = job.spec?.backoffLimit ?? 6
  const isNever = job.spec?.template.spec?.restartPolicy === 'Never'
  const holds = reason !== 'BackoffLimitExceeded' || !isNever || failed > limit
  check(holds, () => `job ${job.metadata.name} failed at ${failed} failures, expected more than ${limit}`)
  checkNoneLeft(job, gaveUpPods ? [] : [...pods.values()])
}

/** When a Job ends, all its pods have been counted and let go. */
function checkNoneLeft(job: Job, pods: readonly Pod[]): void {
  const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {}
  const left = succeeded.length + failed.length
  check(left === 0, () => `job ${job.metadata.name} ended with ${left} pods still to be counted`)
  check((job.status?.active ?? 0) === 0, () => `job ${job.metadata.name} ended with ${job.status?.active} active pods`)
  // Those that nobody has heard of yet may still be there; those that ended must have been let go.
  const kept = pods.filter((pod) => isTracked(pod) && !isActive(pod))
  check(kept.length === 0, () => `job ${job.metadata.name} ended before pod ${kept[0]?.metadata.name} was let go`)
}

function seePod(records: Map<string, JobRecord>, { type, entry, previous }: Change, ledger: Ledger): void {
  const pod = entry.object as Pod
  const uid = pod.metadata.uid ?? ''
  const record = records.get(jobUidOf(pod) ?? '')
  if (record === undefined) return
  if (pod.status?.phase === 'Succeeded') record.succeeded.add(uid)
  // One that succeeded just before it was deleted counts as what its controller knew of it.
  if (pod.status?.phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined) record.failed.add(uid)
  const before = previous?.object as Pod | undefined
  if (before !== undefined && isTracked(before) && !isTracked(pod))
    checkRelease(record, before, ledger.lostCreationsOf(record.job.metadata.uid ?? ''))
  if (type === 'delete') return void record.pods.delete(uid)
  record.pods.set(uid, pod)
  if (type === 'create') checkActive(record, ledger)
}

/**
 * The status knows of a pod that ended before it is let go, so that a crash in between loses nothing. One that is let go
 * while its controller takes it to be active is given up, and not counted: for a suspension, a smaller parallelism, or
 * because there is one too many.
 */
function checkRelease({ job, gaveUpPods }: JobRecord, pod: Pod, forgiven: number): void {
  if (isFinished(job) || job.metadata.deletionTimestamp !== undefined || gaveUpPods) return
  const { succeeded = [], failed = [] } = job.status?.uncountedTerminatedPods ?? {}
  const uid = pod.metadata.uid ?? ''
  const index = pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index']
  const isIndexDone = index !== undefined && indexesOf(job.status?.completedIndexes).has(Number(index))
  if (succeeded.includes(uid) || failed.includes(uid) || isIndexDone) return
  const lets = () => `job ${job.metadata.name} let pod ${pod.metadata.name} go before its status knew of it`
  check(forgiven > 0, lets)
}

function checkActive({ job, pods, parallelism }: JobRecord, ledger: Ledger): void {
  const active = [...pods.values()].filter(isActive)
  const most = parallelism + ledger.lostCreationsOf(job.metadata.uid ?? '')
  const names = () => active.map(({ metadata }) => metadata.name).join(' ')
  check(active.length <= most, () => `job ${job.metadata.name} has ${active.length} active pods of ${most}: ${names()}`)
}
