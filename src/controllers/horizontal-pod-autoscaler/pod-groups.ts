import type { Container, Pod } from '../../api/generated/core-v1.ts'
import { milliOf } from '../../api/meta/quantity.ts'
import type { PodUsage, Usages } from './pod-usage.ts'

/** For so long after its start a pod may still be warming up: its cpu counts only once it has been ready for a whole window. */
const CPU_INITIALIZATION_MS = 300_000
/** A pod that became unready so soon after its start has never been ready. */
const INITIAL_READINESS_DELAY_MS = 30_000

/** The pods by what their measurements are good for. */
export interface PodGroups {
  readonly ready: number
  readonly unready: readonly string[]
  /** Not measured. */
  readonly missing: readonly string[]
  /** The measurements of pods that are ready. */
  readonly usages: Usages
}

export function groupPods(pods: readonly Pod[], usages: Usages, resource: string, nowMs: number): PodGroups {
  const kept = new Map(usages)
  const unready: string[] = []
  const missing: string[] = []
  let ready = 0
  for (const pod of pods) {
    const name = pod.metadata.name!
    const usage = usages.get(name)
    const isGone = pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed'
    const isUnready =
      pod.status?.phase === 'Pending' || (usage !== undefined && resource === 'cpu' && isCpuUnusable(pod, usage, nowMs))
    if (isGone) kept.delete(name)
    else if (isUnready) {
      kept.delete(name)
      unready.push(name)
    } else if (usage === undefined) missing.push(name)
    else ready += 1
  }
  return { ready, unready, missing, usages: kept }
}

function isCpuUnusable(pod: Pod, usage: PodUsage, nowMs: number): boolean {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  if (condition === undefined || pod.status?.startTime === undefined) return true
  const startMs = Date.parse(pod.status.startTime)
  const changedMs = Date.parse(condition.lastTransitionTime ?? '') || 0
  const isFalse = condition.status === 'False'
  if (startMs + CPU_INITIALIZATION_MS > nowMs) return isFalse || usage.atMs < changedMs + usage.windowMs
  return isFalse && startMs + INITIAL_READINESS_DELAY_MS > changedMs
}

/** What each pod asks for, in thousandths; throws where one asks for nothing. */
export function requestsOf(pods: readonly Pod[], resource: string, container?: string): ReadonlyMap<string, number> {
  return new Map(pods.map((pod) => [pod.metadata.name!, requestOf(pod, resource, container)]))
}

function requestOf(pod: Pod, resource: string, container: string | undefined): number {
  const { containers = [], initContainers = [], resources } = pod.spec ?? {}
  const podLevel = container === undefined ? resources?.requests : undefined
  if (podLevel !== undefined && Object.keys(podLevel).length > 0) {
    const amount = podLevel[resource]
    if (amount !== undefined) return milliOf(amount)
    throw new Error(`missing pod-level request for ${resource} in Pod ${pod.metadata.name}`)
  }
  const isSidecar = ({ restartPolicy }: Container) => restartPolicy === 'Always'
  const counted = [...containers, ...initContainers.filter(isSidecar)]
  return counted
    .filter(({ name }) => container === undefined || name === container)
    .reduce((sum, { name, resources: own }) => {
      const amount = own?.requests?.[resource]
      if (amount !== undefined) return sum + milliOf(amount)
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}`)
    }, 0)
}
