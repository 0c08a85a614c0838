import type { CronJob, Job } from '../generated/batch-v1.ts'
import { ageOf, humanDuration } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'
import { containersOf, selectorText } from './workloads.ts'

function jobCells(job: Job, nowMs: number): readonly Cell[] {
  const { metadata, spec, status } = job
  return [
    metadata.name ?? '',
    jobStatus(job),
    completionsOf(job),
    durationOf(status?.startTime, status?.completionTime, nowMs),
    ageOf(metadata.creationTimestamp, nowMs),
    ...containersOf(spec?.template),
    selectorText(spec?.selector),
  ]
}

function jobStatus({ metadata, status }: Job): string {
  const is = (type: string) => status?.conditions?.some((one) => one.type === type && one.status === 'True') === true
  if (is('Complete')) return 'Complete'
  if (is('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (is('Suspended')) return 'Suspended'
  if (is('FailureTarget')) return 'FailureTarget'
  return is('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running'
}

function completionsOf({ spec, status }: Job): string {
  const done = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`
}

function durationOf(start: string | undefined, end: string | undefined, nowMs: number): string {
  if (start === undefined) return ''
  return humanDuration((end === undefined ? nowMs : Date.parse(end)) - Date.parse(start))
}

function cronJobCells({ metadata, spec, status }: CronJob, nowMs: number): readonly Cell[] {
  const last = status?.lastScheduleTime
  return [
    metadata.name ?? '',
    spec?.schedule ?? '',
    spec?.timeZone ?? '<none>',
    spec?.suspend === true ? 'True' : 'False',
    (status?.active ?? []).length,
    last === undefined ? '<none>' : ageOf(last, nowMs),
    ageOf(metadata.creationTimestamp, nowMs),
    ...containersOf(spec?.jobTemplate?.spec?.template),
    selectorText(spec?.jobTemplate?.spec?.selector),
  ]
}

export const batchCells: CellFunctions = { 'jobs.batch': jobCells, 'cronjobs.batch': cronJobCells }
