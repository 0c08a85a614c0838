import type { Rejection } from './framework.ts'

/**
 * The message of a FailedScheduling event and of the PodScheduled condition, in the words of Kubernetes 1.34: how many
 * nodes each reason holds for, then what preemption could do.
 */
export function unschedulableMessage(nodes: number, rejections: readonly Rejection[]): string {
  const head = `0/${nodes} nodes are available`
  if (nodes === 0) return 'no nodes available to schedule pods'
  const reasons = counted(rejections.flatMap((rejection) => rejection.reasons))
  return `${head}: ${reasons}. no new claims to deallocate, preemption: ${head}: ${preemption(rejections)}.`
}

function counted(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}

function preemption(rejections: readonly Rejection[]): string {
  return counted(
    rejections.map(({ preemptionMayHelp }) =>
      preemptionMayHelp ? 'No preemption victims found for incoming pod' : 'Preemption is not helpful for scheduling',
    ),
  )
}
