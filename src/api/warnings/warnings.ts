import type { ReplicaSet, StatefulSet } from '../generated/apps-v1.ts'
import type { CronJob, JobSpec } from '../generated/batch-v1.ts'
import type { Pod, PodSpec, PodTemplate, PodTemplateSpec, ServiceAccount } from '../generated/core-v1.ts'
import { dnsLabelProblems } from '../meta/names.ts'
import type { KubeObject } from '../object.ts'
import { groupResourceOf } from '../resource-type.ts'
import type { ResourceType } from '../resource-type.ts'
import {
  warnOfBalancers,
  warnOfClaimObject,
  warnOfEndpoints,
  warnOfIngress,
  warnOfNode,
  warnOfPolicy,
  warnOfRuntimeClass,
  warnOfService,
  warnOfSlice,
  warnOfStorageClass,
  warnOfVolumeObject,
} from './kind-warnings.ts'
import { warnOfClaim, warnOfPod } from './pod-warnings.ts'

/** What the author of a valid object is told, in Kubernetes' words. `old` is what it replaces. */
export function warningsOf(
  type: ResourceType,
  object: KubeObject,
  old?: KubeObject,
  subresource?: string,
): readonly string[] {
  const name = groupResourceOf(type)
  if (subresource === 'status' && BALANCED.has(name)) return warnOfBalancers(object as never)
  return subresource === undefined ? (WARNINGS[name]?.(object as never, old as never) ?? []) : []
}

const BALANCED = new Set(['services', 'ingresses.networking.k8s.io'])

type Templated = ReplicaSet

/** Templates are looked at when they are new, and when a spec has changed. */
const isSettled = (object: KubeObject, old: KubeObject | undefined): boolean =>
  old !== undefined && object.metadata.generation === old.metadata.generation

function warnOfTemplate(template: PodTemplateSpec | undefined, path: string): readonly string[] {
  return warnOfPod((template?.spec ?? { containers: [] }) as PodSpec, template?.metadata ?? {}, path)
}

function warnOfName({ metadata }: KubeObject, old: KubeObject | undefined): readonly string[] {
  const problems = old === undefined ? dnsLabelProblems(metadata.name ?? '') : []
  if (problems.length === 0) return []
  const text =
    'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended'
  return [`metadata.name: ${text}: [${problems.join(' ')}]`]
}

function warnOfWorkload(object: Templated, old?: Templated): readonly string[] {
  return isSettled(object, old)
    ? []
    : [...warnOfName(object, old), ...warnOfTemplate(object.spec?.template, 'spec.template')]
}

/** Of an update Kubernetes warns of the template that goes. */
const warnOfController = (object: Templated, old?: Templated): readonly string[] =>
  old === undefined || isSettled(object, old)
    ? warnOfWorkload(object, old)
    : warnOfTemplate(old.spec?.template, 'spec.template')

const warnOfDaemons = (object: Templated, old?: Templated) =>
  isSettled(object, old) ? [] : warnOfTemplate(object.spec?.template, 'spec.template')

function warnOfSet(object: StatefulSet, old?: StatefulSet): readonly string[] {
  const { volumeClaimTemplates = [], revisionHistoryLimit = 0 } = object.spec ?? {}
  const part = old === undefined ? '' : '.Spec'
  const claims = volumeClaimTemplates.flatMap(({ spec }, i) =>
    warnOfClaim(spec?.resources, `spec.volumeClaimTemplates[${i}]${part}.resources`),
  )
  const all = 'a negative value retains all historical revisions; a value >= 0 is recommended'
  const history = revisionHistoryLimit < 0 ? [`spec.revisionHistoryLimit: ${all}`] : []
  return [...warnOfDaemons(object as never, old as never), ...claims, ...history]
}

const MANY_COMPLETIONS = 100_000
const MANY_AT_ONCE = 10_000

function warnOfJobSpec(spec: JobSpec | undefined, path: string): readonly string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec ?? {}
  const many = completionMode === 'Indexed' && completions > MANY_COMPLETIONS && parallelism > MANY_AT_ONCE
  const text =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail'
  return [...(many ? [`${path}: ${text}`] : []), ...warnOfTemplate(spec?.template, `${path}.template`)]
}

function warnOfCronJob(object: CronJob, old?: CronJob): readonly string[] {
  const path = 'spec.jobTemplate.spec'
  const own = isSettled(object, old)
    ? []
    : [...warnOfName(object, old), ...warnOfJobSpec(object.spec?.jobTemplate.spec, path)]
  if (old === undefined || !object.spec?.schedule.includes('TZ')) return own
  const more = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details'
  return [...own, `cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ${more}`]
}

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets'

function warnOfAccount({ metadata }: ServiceAccount, old?: ServiceAccount): readonly string[] {
  if (metadata.annotations?.[MOUNTABLE] === undefined || old?.metadata.annotations?.[MOUNTABLE] !== undefined) return []
  const text = 'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets'
  return [`metadata.annotations[${MOUNTABLE}]: ${text}`]
}

/** By resource and group; each function takes the type that its name says. */
const WARNINGS: Readonly<Record<string, (object: never, old: never) => readonly string[]>> = {
  // Those who change pods are programs, which nobody would read it to.
  pods: ({ spec, metadata }: Pod, old?: Pod) =>
    old === undefined ? warnOfPod((spec ?? { containers: [] }) as PodSpec, metadata, '') : [],
  podtemplates: ({ template }: PodTemplate) => warnOfTemplate(template, 'template'),
  replicationcontrollers: warnOfController,
  'deployments.apps': warnOfWorkload,
  'replicasets.apps': warnOfWorkload,
  'daemonsets.apps': warnOfDaemons,
  'statefulsets.apps': warnOfSet,
  'jobs.batch': (job: Templated, old?: Templated) =>
    isSettled(job, old) ? [] : [...warnOfName(job, old), ...warnOfJobSpec(job.spec as never, 'spec')],
  'cronjobs.batch': warnOfCronJob,
  services: warnOfService,
  endpoints: warnOfEndpoints,
  'endpointslices.discovery.k8s.io': (slice: never, old: unknown) => warnOfSlice(slice, old === undefined),
  'networkpolicies.networking.k8s.io': warnOfPolicy,
  'ingresses.networking.k8s.io': (ingress: never, old: unknown) => (old === undefined ? warnOfIngress(ingress) : []),
  nodes: warnOfNode,
  persistentvolumes: warnOfVolumeObject,
  persistentvolumeclaims: warnOfClaimObject,
  serviceaccounts: warnOfAccount,
  'storageclasses.storage.k8s.io': warnOfStorageClass,
  'runtimeclasses.node.k8s.io': warnOfRuntimeClass,
}
