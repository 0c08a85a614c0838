import type { Job } from '../../api/generated/batch-v1.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { byDispensability } from '../pod-phase.ts'
import { completionIndexOf } from './job-pod.ts'
import type { Tally } from './tally.ts'

/** How many pods should be active now. */
export function wantedActive(job: Job, counts: Tally): number {
  if (job.spec?.suspend === true) return 0
  const parallelism = job.spec?.parallelism ?? 1
  const completions = job.spec?.completions
  // Without a number of completions one success means that the work is done: those at work may finish.
  if (completions === undefined) return counts.succeeded > 0 ? counts.active.length : parallelism
  return Math.max(0, Math.min(completions - counts.succeeded, parallelism))
}

/** The pods to give up: doubles and those beyond the completions first, then the most dispensable. */
export function choosePodsToRemove(job: Job, counts: Tally, wanted: number): readonly Pod[] {
  const superfluous = job.spec?.completionMode === 'Indexed' ? superfluousPods(job, counts) : []
  const rest = counts.active.filter((pod) => !superfluous.includes(pod)).sort(byDispensability)
  return [...superfluous, ...rest.slice(0, Math.max(0, rest.length - wanted))]
}

function superfluousPods(job: Job, counts: Tally): Pod[] {
  const seen = new Set<number>()
  const isSuperfluous = (pod: Pod) => {
    const index = completionIndexOf(pod)
    if (index === undefined || index >= (job.spec?.completions ?? 0)) return true
    if (counts.completedIndexes.has(index) || seen.has(index)) return true
    seen.add(index)
    return false
  }
  // The most advanced pod of an index is the one to keep.
  return counts.active.toSorted((a, b) => byDispensability(b, a)).filter(isSuperfluous)
}
