import type { Status } from '../../api/generated/meta-v1.ts'

/** What is to be said of a request beyond what its path and its answer say: in its audit event, and its id to the client. */
export interface AuditNotes {
  readonly id: string
  /** What authorization found; the first decision is the request's. */
  decision?: { readonly allowed: boolean; readonly reason?: string }
  /** The answer, where it is a failure. */
  failure?: Status
  annotations?: Map<string, string>
}

export function noteDecision(notes: AuditNotes | undefined, decision: NonNullable<AuditNotes['decision']>): void {
  if (notes !== undefined) notes.decision ??= decision
}

/** What was said first under a key stays, as in Kubernetes. */
export function annotate(notes: AuditNotes | undefined, key: string, value: string): void {
  if (notes === undefined) return
  const annotations = (notes.annotations ??= new Map())
  if (!annotations.has(key)) annotations.set(key, value)
}
