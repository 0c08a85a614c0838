import type { Deployment, StatefulSet } from '../../src/api/generated/apps-v1.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

const WORKLOADS = ['deployments.apps', 'statefulsets.apps', 'replicasets.apps', 'replicationcontrollers']

/** In the end whoever wants a number of pods has them, ready, and knows it. */
export function workloadsGetTheirPods(): Checker {
  return {
    name: 'workloads get their pods',
    end(snapshot) {
      for (const storage of WORKLOADS) {
        for (const { object, key } of snapshot.list(storage)) {
          const { spec, status, metadata } = object as Deployment | StatefulSet
          const counts = [status?.replicas, status?.readyReplicas, status?.availableReplicas].map((count) => count ?? 0)
          const isMet = counts.every((count) => count === (spec?.replicas ?? 1))
          const isCurrent = status?.observedGeneration === metadata.generation
          const wants = `${storage} ${key} wants ${spec?.replicas}`
          check(isMet && isCurrent, () => `${wants} at ${metadata.generation} and has ${JSON.stringify(status)}`)
        }
      }
    },
  }
}
