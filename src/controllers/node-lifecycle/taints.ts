import type { Node, Taint } from '../../api/generated/core-v1.ts'
import { formatTime } from '../../env/clock.ts'

export const NOT_READY = 'node.kubernetes.io/not-ready'
export const UNREACHABLE = 'node.kubernetes.io/unreachable'

/** The taint for each condition and status, as Kubernetes has it. */
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
}

const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

const OWNED = new Set([
  UNSCHEDULABLE,
  ...Object.values(CONDITION_TAINTS).flatMap((byStatus) => Object.values(byStatus)),
])

/** The taints that the node should have: those of others as they are, ours as its conditions say. */
export function taintsFor(node: Node, nowMs: number): readonly Taint[] {
  const known = node.spec?.taints ?? []
  const wanted: Taint[] = []
  if (node.spec?.unschedulable === true) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' })
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = CONDITION_TAINTS[type]?.[status]
    if (key === undefined) continue
    wanted.push({ key, effect: 'NoSchedule' })
    if (type === 'Ready') wanted.push({ key, effect: 'NoExecute' })
  }
  const isWanted = (taint: Taint) => wanted.some((one) => sameTaint(one, taint))
  const kept = known.filter((taint) => !OWNED.has(taint.key) || isWanted(taint))
  const added = wanted.filter((taint) => !known.some((one) => sameTaint(one, taint)))
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: formatTime(nowMs) }))]
}

/** Whether two lists hold the same taints, in whatever order. */
export function isSameTaint(a: readonly Taint[], b: readonly Taint[]): boolean {
  return a.length === b.length && a.every((taint) => b.some((other) => sameTaint(taint, other)))
}

function sameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect
}
