import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../generated/apps-v1.ts'
import type { ReplicationController } from '../generated/core-v1.ts'
import { invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { nonNegative } from './numbers.ts'

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
