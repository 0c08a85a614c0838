import type { Container, Namespace, Pod, PodSpec, PodTemplateSpec } from '../../../api/generated/core-v1.ts'
import { invalidError } from '../../../api/meta/field-error.ts'
import type { KubeObject } from '../../../api/object.ts'
import { forbidden } from '../../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { Subject } from './check.ts'
import { LEVELS, policyOf, policyProblems, shownLevel, shownViolations, violationsOf } from './security-level.ts'
import type { LevelVersion } from './security-level.ts'

const TEMPLATES = [
  'replicationcontrollers',
  'podtemplates',
  'replicasets.apps',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
]

/** Holds pods against the level that their namespace enforces; warns of it for pods and for what makes pods. */
export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  resources: ['namespaces', 'pods', ...TEMPLATES],
  operations: ['CREATE', 'UPDATE'],
  validate(request) {
    const { storage } = request.resource
    if (storage === 'namespaces') checkNamespace(request)
    else if (storage === 'pods') checkPod(request)
    else if (request.subresource === undefined) warnOf(request, templateOf(request.object as KubeObject), undefined)
  },
}

const PASSED = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status'])

function checkPod(request: AdmissionRequest): void {
  const { subresource, old, resource, name, head, namespace = '' } = request
  if (subresource !== undefined && PASSED.has(subresource)) return
  const pod = request.object as unknown as Pod
  if (pod.spec === undefined) return
  if (old !== undefined && !isSignificant(pod, old as Pod)) return
  const { enforce } = policyOf(head.get('namespaces', namespace)?.object.metadata.labels)
  const subject = { metadata: pod.metadata, spec: pod.spec }
  const violations = violationsOf(subject, enforce)
  if (violations.length > 0) {
    const why = `violates PodSecurity "${shownLevel(enforce)}": ${shownViolations(violations)}`
    throw forbidden(resource.type, name || (pod.metadata.name ?? ''), why)
  }
  warnOf(request, subject, enforce)
}

/** Of an update, only other images or more containers matter. */
function isSignificant({ spec }: Pod, old: Pod): boolean {
  const lists = ['containers', 'initContainers', 'ephemeralContainers'] as const
  return lists.some((list) => {
    const before = (old.spec?.[list] ?? []) as readonly Container[]
    const after = (spec?.[list] ?? []) as readonly Container[]
    return before.length !== after.length || after.some(({ image }, i) => image !== before[i]?.image)
  })
}

function warnOf(request: AdmissionRequest, subject: Subject | undefined, enforced: LevelVersion | undefined): void {
  if (subject === undefined) return
  const { warn } = policyOf(request.head.get('namespaces', request.namespace ?? '')?.object.metadata.labels)
  if (enforced !== undefined && shownLevel(enforced) === shownLevel(warn)) return
  const violations = violationsOf(subject, warn)
  if (violations.length === 0) return
  request.warn(`would violate PodSecurity "${shownLevel(warn)}": ${shownViolations(violations)}`)
}

interface WithTemplate extends KubeObject {
  readonly template?: PodTemplateSpec
  readonly spec?: {
    readonly template?: PodTemplateSpec
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplateSpec } }
  }
}

function templateOf(object: KubeObject): Subject | undefined {
  const { template, spec } = object as WithTemplate
  const found = template ?? spec?.template ?? spec?.jobTemplate?.spec?.template
  return found?.spec === undefined ? undefined : { metadata: found.metadata ?? {}, spec: found.spec as PodSpec }
}

function checkNamespace(request: AdmissionRequest): void {
  const { subresource, resource, old, name } = request
  if (subresource !== undefined) return
  const namespace = request.object as unknown as Namespace
  const problems = policyProblems(namespace.metadata.labels)
  const before = old === undefined ? [] : policyProblems(old.metadata.labels)
  if (problems.length > 0 && JSON.stringify(problems) !== JSON.stringify(before)) {
    throw invalidError(resource.type, name || (namespace.metadata.name ?? ''), problems)
  }
  if (old === undefined) return
  const next = policyOf(namespace.metadata.labels).enforce
  const current = policyOf(old.metadata.labels).enforce
  const isStricter = LEVELS.indexOf(next.level) > LEVELS.indexOf(current.level)
  if (next.level === 'privileged' || (next.version === current.version && !isStricter)) return
  warnOfPods(request, namespace.metadata.name ?? '', next)
}

/** Kubernetes looks at no more pods than this when a namespace becomes stricter. */
const MAX_PODS = 3_000

/** Says which pods that are there already the new level would not let in: they stay. */
function warnOfPods(request: AdmissionRequest, namespace: string, level: LevelVersion): void {
  const found = new Map<string, string[]>()
  let checked = 0
  for (const { object } of request.head.list('pods', { prefix: `${namespace}/` })) {
    if (++checked > MAX_PODS) break
    const { metadata, spec } = object as Pod
    const violations = spec === undefined ? [] : violationsOf({ metadata, spec }, level)
    if (violations.length === 0) continue
    const reasons = violations.map(({ reason }) => reason).join(', ')
    found.set(reasons, [...(found.get(reasons) ?? []), metadata.name ?? ''])
  }
  if (checked > MAX_PODS) {
    const all = request.head.count('pods', `${namespace}/`)
    const text = `new PodSecurity enforce level only checked against the first ${MAX_PODS} of ${all} existing pods`
    request.warn(text)
  }
  if (found.size === 0) return
  request.warn(
    `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${shownLevel(level)}"`,
  )
  const lines = [...found].map(([reasons, names]) => `${names.sort()[0] ?? ''}${others(names.length - 1)}: ${reasons}`)
  lines.sort().forEach((line) => request.warn(line))
}

const others = (count: number): string => (count === 0 ? '' : ` (and ${count} other ${count === 1 ? 'pod' : 'pods'})`)
