import type { Pod } from '../api/generated/core-v1.ts'

/** Milliseconds until a ready pod counts as available; 0 when it does, infinite for one that is not ready. */
export function untilAvailableMs(pod: Pod, minReadySeconds: number, nowMs: number): number {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready?.status !== 'True') return Infinity
  if (minReadySeconds === 0) return 0
  return Math.max(0, Date.parse(ready.lastTransitionTime ?? '') + minReadySeconds * 1000 - nowMs)
}
