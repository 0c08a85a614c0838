import type { KubeObject } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import type { Definition, DefinitionCondition } from './json-schema.ts'

/** Storage name of the definitions themselves. */
export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io'

/** What keeps a deleted definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

/** Where the deletion of a definition's objects has got to, in Kubernetes' words. */
export const TERMINATING = {
  pending: [
    'True',
    'InstanceDeletionPending',
    'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  ],
  inProgress: ['True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress'],
  completed: ['False', 'InstanceDeletionCompleted', 'removed all instances'],
  neverEstablished: ['False', 'NeverEstablished', 'resource was never established'],
} as const

export function isTrue({ status }: Definition, type: string): boolean {
  return (status?.conditions ?? []).some((one) => one.type === type && one.status === 'True')
}

/** The definition with the condition Terminating as `stage` says. */
export function withTerminating(definition: Definition, stage: keyof typeof TERMINATING, nowMs: number): Definition {
  const [status, reason, message] = TERMINATING[stage]
  const conditions = definition.status?.conditions ?? []
  const old = conditions.find(({ type }) => type === 'Terminating')
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(nowMs)
  const next: DefinitionCondition = { lastTransitionTime, message, reason, status, type: 'Terminating' }
  const others = conditions.filter(({ type }) => type !== 'Terminating')
  return { ...definition, status: { ...definition.status, conditions: [...others, next] } }
}

/** A definition that has been told to go: it waits for its objects. */
export function terminatingDefinition(object: KubeObject, nowMs: number): KubeObject {
  const { metadata } = object
  const finalizers = metadata.finalizers ?? []
  return withTerminating(
    {
      ...(object as Definition),
      metadata: {
        ...metadata,
        deletionTimestamp: formatTime(nowMs),
        finalizers: finalizers.includes(CLEANUP_FINALIZER) ? finalizers : [...finalizers, CLEANUP_FINALIZER],
      },
    },
    'pending',
    nowMs,
  )
}
