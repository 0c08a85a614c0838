import type { Job } from '../../api/generated/batch-v1.ts'
import { jobs } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey } from '../../reconcile/source.ts'
import { runs } from '../../compute/run/run.ts'
import type { Run, RunStatus } from '../../compute/run/run.ts'
import { isLost, LOST_MS, lostStatus } from '../../compute/run/tidy-runs.ts'
import { driverJob, driverName } from '../../compute/submit/driver-job.ts'

/** Our operator: starts the drivers of runs that want one in the cluster, and tells of those that are gone. */
export const runController: Controller = {
  name: 'shoal-run-controller',
  build(context) {
    const all = context.informer(runs)
    const drivers = context.informer(jobs)
    return {
      sources: [changesOf(all), changesOf(drivers, controllerKey('shoal.dev', 'Run'))],
      reconcile(key, nowMs) {
        const run = all.getByKey(key)
        const job =
          run === undefined
            ? undefined
            : drivers.getByKey(`${run.metadata.namespace}/${driverName(run.metadata.name ?? '')}`)
        return decideRun(run, job, nowMs)
      },
    }
  },
}

/** What is to be done about a run, given the Job of its driver. */
export function decideRun(run: Run | undefined, job: Job | undefined, nowMs: number): Decision {
  if (run === undefined || run.metadata.deletionTimestamp !== undefined) return SETTLED
  const { driver } = run.spec
  const phase = run.status?.phase
  if (phase === 'Succeeded' || phase === 'Failed') return SETTLED
  if (driver === undefined) return whileHeard(run, nowMs)
  if (job === undefined) {
    const start: Change = { verb: 'create', type: jobs, object: driverJob(run, driver) }
    return { changes: phase === undefined ? [start, tell(run, { phase: 'Pending' })] : [start] }
  }
  const failed = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True')
  if (failed !== undefined) return { changes: [tell(run, failedStatus(failed, nowMs))] }
  const isComplete =
    job.status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True') === true
  // A program that opened no session has told of nothing.
  if (isComplete) return { changes: [tell(run, { phase: 'Succeeded', completionTime: formatTime(nowMs), workers: 0 })] }
  return phase === undefined ? { changes: [tell(run, { phase: 'Pending' })] } : SETTLED
}

/** A driver elsewhere says every few seconds that it lives. */
function whileHeard(run: Run, nowMs: number): Decision {
  if (isLost(run, nowMs)) return { changes: [tell(run, lostStatus(run, nowMs))] }
  return { changes: [], requeueAfterMs: LOST_MS }
}

type JobCondition = NonNullable<NonNullable<Job['status']>['conditions']>[number]

function failedStatus({ reason, message }: JobCondition, nowMs: number): Partial<RunStatus> {
  const why = message === undefined ? '' : `: ${message}`
  return {
    phase: 'Failed',
    reason: 'DriverFailed',
    message: `Its driver failed (${reason ?? 'unknown'})${why}`,
    completionTime: formatTime(nowMs),
    workers: 0,
  }
}

/** Only what was looked at: a driver that has spoken meanwhile is asked again. */
function tell(run: Run, status: Partial<RunStatus>): Change {
  const patch = { metadata: { resourceVersion: run.metadata.resourceVersion }, status }
  return { verb: 'patch', type: runs, key: keyOf(run), patch: { type: 'merge', patch }, subresource: 'status' }
}
