import type { Job } from '../../api/generated/batch-v1.ts'
import type { Container, Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import type { PatchChange } from '../../reconcile/change.ts'
import { controllerReference } from '../controller-reference.ts'

/** Pods keep this finalizer until the Job has counted them, so that none is counted twice or never. */
export const JOB_TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking'
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index'

/** What API servers leave room for in front of the random suffix of a generated name. */
const LONGEST_GENERATE_NAME = 58

/** A pod to create for `job`; `index` for Indexed Jobs only, `failures` where failures are counted for each index. */
export function podFor(job: Job, index?: number, failures: Readonly<Record<string, string>> = {}): Pod {
  const { metadata, spec } = job.spec!.template
  const indexed = index === undefined ? {} : { [COMPLETION_INDEX]: String(index) }
  const annotations = { ...metadata?.annotations, ...indexed, ...failures }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: generateName(job.metadata.name!, index),
      namespace: job.metadata.namespace!,
      labels: { ...metadata?.labels, ...indexed },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      finalizers: [...(metadata?.finalizers ?? []), JOB_TRACKING_FINALIZER],
      ownerReferences: [controllerReference(job)],
    },
    spec: index === undefined ? spec! : indexedSpec(job, index),
  }
}

/** Where the pod's index is, or undefined for one that has none. */
export function completionIndexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[COMPLETION_INDEX]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(JOB_TRACKING_FINALIZER) ?? false
}

/** Lets a pod go that has been counted. The uid in the patch makes it fail on another pod of the same name. */
export function releasePod(pod: Pod): PatchChange {
  const metadata = { uid: pod.metadata.uid, '$deleteFromPrimitiveList/finalizers': [JOB_TRACKING_FINALIZER] }
  return { verb: 'patch', type: pods, key: keyOf(pod), patch: { type: 'strategic', patch: { metadata } } }
}

function generateName(jobName: string, index: number | undefined): string {
  const suffix = index === undefined ? '-' : `-${index}-`
  return jobName.slice(0, LONGEST_GENERATE_NAME - suffix.length) + suffix
}

function indexedSpec(job: Job, index: number): NonNullable<Pod['spec']> {
  const spec = job.spec!.template.spec!
  const hostname = `${job.metadata.name!}-${index}`
  const { initContainers } = spec
  return {
    ...spec,
    hostname,
    containers: spec.containers.map(withIndex),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withIndex) }),
  }
}

const INDEX_ENV = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${COMPLETION_INDEX}']` } },
}

function withIndex(container: Container): Container {
  if (container.env?.some((variable) => variable.name === INDEX_ENV.name)) return container
  return { ...container, env: [...(container.env ?? []), INDEX_ENV] }
}
