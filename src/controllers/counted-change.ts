import type { Pod } from '../api/generated/core-v1.ts'
import type { Predicate } from '../reconcile/source.ts'
import { isTerminal } from './pod-phase.ts'

/**
 * Whether a change of a pod is one to those who only count pods that are theirs, that run, and that are ready: most are not,
 * such as an annotation, or where it was bound. Parts that did not change are the same objects where the API server is in
 * this process; elsewhere more seems to have changed than has, to no harm.
 */
export const isCountedChange: Predicate<Pod> = (pod, previous) =>
  pod.metadata.labels !== previous.metadata.labels ||
  pod.metadata.ownerReferences !== previous.metadata.ownerReferences ||
  pod.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
  isTerminal(pod) !== isTerminal(previous) ||
  readyOf(pod)?.status !== readyOf(previous)?.status ||
  readyOf(pod)?.lastTransitionTime !== readyOf(previous)?.lastTransitionTime

const readyOf = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'Ready')
