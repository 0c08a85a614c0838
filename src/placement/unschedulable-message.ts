import type { Diagnosis } from './decide.ts'

/**
 * The message of a FailedScheduling event and of the PodScheduled condition, in the words of Kubernetes 1.34: how many
 * nodes each reason holds for, then what preemption could do, undefined where it has found room.
 */
export function unschedulableMessage(diagnosis: Diagnosis, preemption: string | undefined): string {
  const { nodes, general } = diagnosis
  if (nodes === 0) return 'no nodes available to schedule pods'
  const why = general === undefined ? countedReasons(diagnosis) : general.reasons.join(', ')
  const head = `0/${nodes} nodes are available: ${why}.`
  if (preemption === undefined) return head
  // Kubernetes asks its plugin for resource claims first, whose state is missing where another one has turned the pod away.
  if (general?.preemptionMayHelp === false) return `${head} not found`
  return `${head} no new claims to deallocate, preemption: ${preemption}`
}

/** Every reason with the number of nodes that it holds for, sorted as text. */
export function countedReasons({ nodes, slots, rejections, others }: Diagnosis): string {
  const counts = new Map<string, number>()
  const add = (reasons: readonly string[], amount: number) => {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + amount)
  }
  for (const { reasons } of rejections) add(reasons, 1)
  if (others !== undefined && nodes > slots.length) add(others.reasons, nodes - slots.length)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}
