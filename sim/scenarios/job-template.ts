import type { Job } from '../../src/api/generated/batch-v1.ts'
import { FAIL_PERCENT, RUN_SECONDS } from '../faults/fickle-runtime.ts'

/** What a scenario decides about a Job. */
export interface JobFacts {
  readonly namespace: string
  readonly name: string
  readonly spec: Omit<NonNullable<Job['spec']>, 'template'>
  readonly restartPolicy?: 'Never' | 'OnFailure'
  readonly cpu: string
  readonly memory: string
  /** The longest that a pod runs. */
  readonly seconds: number
  readonly failPercent: number
  /** How long a pod stays on a node that is lost; Kubernetes' five minutes where absent. */
  readonly tolerateLostSeconds?: number
}

export function jobOf(facts: JobFacts): Job {
  const { namespace, name, spec, cpu, memory, seconds, failPercent, tolerateLostSeconds } = facts
  const tolerations = ['not-ready', 'unreachable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: tolerateLostSeconds ?? 300,
  }))
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace, name },
    spec: {
      ...spec,
      template: {
        metadata: { annotations: { [RUN_SECONDS]: String(seconds), [FAIL_PERCENT]: String(failPercent) } },
        spec: {
          restartPolicy: facts.restartPolicy ?? 'Never',
          automountServiceAccountToken: false,
          tolerations,
          containers: [{ name: 'work', image: 'busybox', resources: { requests: { cpu, memory } } }],
        },
      },
    },
  }
}
