import type { Status } from '../../api/generated/meta-v1.ts'
import type { UserInfo } from '../verbs/user.ts'
import type { AuditRule } from './policy.ts'

/** What is to be said of a request beyond what its path and its answer say: in its audit event, and its id to the client. */
export interface AuditNotes {
  readonly id: string
  /** What is recorded, once that is decided; undefined where nothing is. */
  rule?: AuditRule
  /** Who asked, where the request was made as somebody else. */
  impersonator?: UserInfo
  /** What authorization found; the first decision is the request's. */
  decision?: { readonly allowed: boolean; readonly reason?: string }
  /** The answer, where it is a failure. */
  failure?: Status
  annotations?: Map<string, string>
  /** Of what was sent: what it calls itself, and as JSON where the level is Request or more. */
  sent?: SentObject
  /** The answer as JSON, where the level is RequestResponse. */
  answer?: string
}

interface SentObject {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly json?: string
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

/** An object that came with a request, as it came: before conversion, defaults and admission. */
export function noteSent(notes: AuditNotes, value: unknown): void {
  const { rule } = notes
  if (rule === undefined || rule.level === 'None') return
  const { name, namespace, uid, resourceVersion } = (value as { readonly metadata?: SentObject } | null)?.metadata ?? {}
  const isWanted = rule.level === 'Request' || rule.level === 'RequestResponse'
  const json = isWanted ? encode(value, rule) : undefined
  notes.sent = { name, namespace, uid, resourceVersion, ...(json !== undefined && { json }) }
}

/** A patch is recorded as it came; what it names is part of what it changes. */
export function notePatch(notes: AuditNotes, patch: unknown): void {
  const level = notes.rule?.level
  if (level === 'Request' || level === 'RequestResponse') notes.sent = { json: JSON.stringify(patch) }
}

/** An answer about a resource, as JSON. */
export function noteAnswer(notes: AuditNotes, json: () => string): void {
  if (notes.rule?.level !== 'RequestResponse') return
  notes.answer = notes.rule.omitManagedFields ? encode(JSON.parse(json()), notes.rule) : json()
}

interface Recorded {
  readonly metadata?: { readonly managedFields?: unknown }
  readonly items?: readonly Recorded[]
  readonly rows?: readonly { readonly object?: Recorded }[]
}

function encode(value: unknown, { omitManagedFields }: AuditRule): string {
  if (!omitManagedFields || typeof value !== 'object' || value === null) return JSON.stringify(value)
  const { items, rows, ...rest } = withoutManagedFields(value as Recorded)
  const tidied = {
    ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }),
    ...(Array.isArray(rows) && { rows: rows.map(withoutRowsFields) }),
  }
  return JSON.stringify({
    ...rest,
    ...(items !== undefined && { items }),
    ...(rows !== undefined && { rows }),
    ...tidied,
  })
}

function withoutManagedFields(value: Recorded): Recorded {
  if (value?.metadata?.managedFields === undefined) return value
  const { managedFields: _, ...metadata } = value.metadata
  return { ...value, metadata }
}

const withoutRowsFields = (row: { readonly object?: Recorded }) =>
  row.object === undefined ? row : { ...row, object: withoutManagedFields(row.object) }
