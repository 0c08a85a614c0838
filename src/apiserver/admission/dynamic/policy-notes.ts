import type { ValidatingAdmissionPolicyBinding } from '../../../api/generated/admissionregistration-v1.ts'
import type { Program } from '../../../expression/cel/environment.ts'
import type { Value } from '../../../expression/cel/values.ts'
import { annotate } from '../../audit/audit-notes.ts'
import { expressions } from '../../custom/expression-engine.ts'
import type { AdmissionRequest } from '../admission.ts'

/** What an audit annotation's expression gave: a value, nothing, or an error. */
export type AuditNote =
  { readonly key: string; readonly value: string | undefined } | { readonly key: string; readonly error: string }

/** The longest value that is kept. */
const MAX_VALUE = 10 * 1024

interface Annotation {
  readonly key: string
  readonly valueExpression: string
  readonly program: Program | Error
}

export function auditNoteOf(
  { key, valueExpression, program }: Annotation,
  run: (program: Program) => Value,
): AuditNote {
  if (program instanceof Error) return { key, error: `compilation error: compilation failed: ${program.message}` }
  try {
    const value = run(program)
    if (value === null) return { key, value: undefined }
    if (typeof value === 'string') return { key, value: value.trim() === '' ? undefined : value.trim() }
    return { key, error: `valueExpression '${valueExpression}' resulted in unsupported return type` }
  } catch (error) {
    if (!(error instanceof expressions().values.EvaluationError)) throw error
    return { key, error: `valueExpression '${valueExpression}' resulted in error: ${error.message}` }
  }
}

/** Gathers what all bindings of one policy have to say in the request's audit event. */
export interface PolicyNotes {
  /** Answers the errors, which refuse the request. */
  add(notes: readonly AuditNote[]): readonly string[]
  /** A validation that failed, for a binding that wants it recorded. */
  failure(request: AdmissionRequest, binding: ValidatingAdmissionPolicyBinding, index: number, message: string): void
  publish(request: AdmissionRequest): void
}

export function createPolicyNotes(policy: string): PolicyNotes {
  const values = new Map<string, Set<string>>()
  return {
    add: (notes) =>
      notes.flatMap((note) => {
        if ('error' in note) return [note.error]
        if (note.value === undefined) return []
        const known = values.get(note.key) ?? new Set()
        values.set(note.key, known.add(note.value.slice(0, MAX_VALUE)))
        return []
      }),
    failure(request, { metadata, spec }, index, message) {
      const failure = {
        message,
        policy: spec?.policyName ?? '',
        binding: metadata.name ?? '',
        expressionIndex: index,
        validationActions: spec?.validationActions ?? [],
      }
      annotate(request.notes, 'validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]))
    },
    publish(request) {
      for (const [key, all] of values) annotate(request.notes, `${policy}/${key}`, [...all].join(', '))
    },
  }
}
