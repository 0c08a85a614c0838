import type { Change } from '../../reconcile/change.ts'
import type { Decision } from '../../reconcile/reconciler.ts'
import type { ScalingFailure } from './core.ts'

/** Remembers, by key, why pods could not be created or deleted, until they can be: the status tells it. */
export interface ScalingFailures {
  get(key: string): ScalingFailure | undefined
  /** The decision, with failures of its changes noted. A decision that changes no pods forgets the last failure. */
  watch(key: string, decision: Decision): Decision
  forget(key: string): void
}

export function createScalingFailures(): ScalingFailures {
  const failures = new Map<string, ScalingFailure>()
  const noting = (key: string, change: Change): Change => {
    if (change.verb === 'together')
      return { ...change, changes: change.changes.map((one) => noting(key, one) as never) }
    if (change.verb === 'event' || change.failed === undefined) return change
    const { failed } = change
    const reason = change.verb === 'create' ? 'FailedCreate' : 'FailedDelete'
    const note = (error: Error) => {
      failures.set(key, { reason, message: error.message })
      return failed(error)
    }
    return { ...change, failed: note }
  }
  return {
    get: (key) => failures.get(key),
    watch(key, decision) {
      if (!decision.changes.some(({ verb }) => verb === 'together')) failures.delete(key)
      return { ...decision, changes: decision.changes.map((change) => noting(key, change)) }
    },
    forget: (key) => void failures.delete(key),
  }
}
