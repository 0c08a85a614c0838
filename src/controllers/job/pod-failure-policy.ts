import type { PodFailurePolicy, PodFailurePolicyRule } from '../../api/generated/batch-v1.ts'
import type { ContainerStatus, Pod } from '../../api/generated/core-v1.ts'

/** What the first matching rule of a failure policy says of a failed pod. */
export interface FailureVerdict {
  /** Whether the failure counts against the back-off limit. */
  readonly counts: boolean
  readonly action?: string
  /** With FailJob: the message of the condition under which the Job fails. */
  readonly failJob?: string
}

const COUNTED: FailureVerdict = { counts: true }

/** Judges `pod`, which has failed. Without a rule that matches, the failure counts. */
export function judgeFailure(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const cause = causeOf(rule, pod)
    if (cause === undefined) continue
    const { action } = rule
    if (action === 'Ignore') return { counts: false, action }
    if (action !== 'FailJob') return { counts: true, action }
    return { counts: true, action, failJob: `${cause} matching ${action} rule at index ${index}` }
  }
  return COUNTED
}

function causeOf(rule: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`
  if (rule.onExitCodes !== undefined) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
    const failed = [...containerStatuses, ...initContainerStatuses].find((status) => matchesExitCode(rule, status))
    if (failed === undefined) return undefined
    return `Container ${failed.name} for pod ${name} failed with exit code ${failed.state!.terminated!.exitCode}`
  }
  const found = pod.status?.conditions?.find((condition) =>
    rule.onPodConditions?.some(({ type, status }) => type === condition.type && status === condition.status),
  )
  return found === undefined ? undefined : `Pod ${name} has condition ${found.type}`
}

/** A container that still ends has no exit code yet, and 0 is none to match. */
function matchesExitCode(rule: PodFailurePolicyRule, status: ContainerStatus): boolean {
  const { containerName, operator, values } = rule.onExitCodes!
  const exitCode = status.state?.terminated?.exitCode ?? 0
  if (exitCode === 0 || (containerName !== undefined && containerName !== status.name)) return false
  return values.includes(exitCode) === (operator === 'In')
}
