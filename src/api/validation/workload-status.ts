import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../generated/apps-v1.ts'
import type { Job } from '../generated/batch-v1.ts'
import type { Pod, ReplicationController } from '../generated/core-v1.ts'
import { duplicate, invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems } from '../meta/names.ts'
import { nonNegative } from './numbers.ts'
import { named } from './object-meta.ts'

type Counts = Readonly<Record<string, unknown>>

const countOf = (counts: Counts, field: string): number => Number(counts[field] ?? 0)

function validateCounts(
  counts: Counts,
  counted: readonly string[],
  parts: readonly string[],
  ready: string,
): FieldError[] {
  const errors = counted.flatMap((field) => nonNegative(`status.${field}`, countOf(counts, field)))
  const atMost = (field: string, limit: string, name: string) => {
    if (countOf(counts, field) <= countOf(counts, limit)) return
    errors.push(invalid(`status.${field}`, countOf(counts, field), `cannot be greater than ${name}`))
  }
  for (const part of parts) atMost(part, 'replicas', 'status.replicas')
  if (parts.includes('availableReplicas')) atMost('availableReplicas', 'readyReplicas', ready)
  return errors
}

const AVAILABLE = ['readyReplicas', 'availableReplicas']

export const validateDeploymentStatus = ({ status = {} }: Deployment): FieldError[] =>
  validateCounts(
    status as Counts,
    [
      'observedGeneration',
      'replicas',
      'updatedReplicas',
      ...AVAILABLE,
      'unavailableReplicas',
      'terminatingReplicas',
      'collisionCount',
    ],
    ['updatedReplicas', ...AVAILABLE],
    'readyReplicas',
  )

const setStatus = (status: unknown): FieldError[] =>
  validateCounts(
    (status ?? {}) as Counts,
    ['replicas', 'fullyLabeledReplicas', ...AVAILABLE, 'observedGeneration', 'terminatingReplicas'],
    ['fullyLabeledReplicas', ...AVAILABLE],
    'readyReplicas',
  )

export const validateReplicaSetStatus = ({ status }: ReplicaSet): FieldError[] => setStatus(status)
export const validateControllerStatus = ({ status }: ReplicationController): FieldError[] => setStatus(status)

export const validateStatefulSetStatus = ({ status }: StatefulSet): FieldError[] =>
  validateCounts(
    (status ?? {}) as unknown as Counts,
    [
      'replicas',
      'readyReplicas',
      'currentReplicas',
      'updatedReplicas',
      'availableReplicas',
      'observedGeneration',
      'collisionCount',
    ],
    ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'],
    'status.readyReplicas',
  )

export const validateDaemonSetStatus = ({ status }: DaemonSet): FieldError[] =>
  validateCounts(
    (status ?? {}) as unknown as Counts,
    [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
      'collisionCount',
    ],
    [],
    '',
  )

/** Pods are counted; those whose end is not counted yet are named once each. */
export function validateJobStatus({ status = {} }: Job): FieldError[] {
  const { active, succeeded, failed, ready, terminating, uncountedTerminatedPods = {} } = status
  const counts = { active, succeeded, failed, ready, terminating }
  const errors = Object.entries(counts).flatMap(([field, value]) => nonNegative(`status.${field}`, value))
  const seen = new Set<string>()
  for (const field of ['succeeded', 'failed'] as const) {
    uncountedTerminatedPods[field]?.forEach((uid, i) => {
      const path = `status.uncountedTerminatedPods.${field}[${i}]`
      if (uid === '') errors.push(invalid(path, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(duplicate(path, uid))
      seen.add(uid)
    })
  }
  return errors
}

const OWN_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized']
const NO_GENERATION = 'must be a non-negative integer'

export function validatePodStatus({ status = {} }: Pod): FieldError[] {
  const { conditions = [], observedGeneration = 0 } = status
  const errors = conditions.flatMap(({ type, observedGeneration: seen = 0 }, i) => {
    const path = `status.conditions[${i}]`
    const early = seen < 0 ? [invalid(`${path}.observedGeneration`, seen, NO_GENERATION)] : []
    if (OWN_CONDITIONS.includes(type)) return early
    return [...early, ...named(`${path}.Type`, type, labelKeyProblems(type))]
  })
  if (observedGeneration < 0) errors.push(invalid('status.observedGeneration', observedGeneration, NO_GENERATION))
  return errors
}
