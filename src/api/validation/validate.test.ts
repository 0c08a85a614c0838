import { expect, test } from 'vitest'
import { applyDefaults } from '../defaults/defaults.ts'
import { ApiError } from '../meta/status.ts'
import { invalidError } from '../meta/field-error.ts'
import { kindOfPath, recordedSteps } from '../recorded-steps.ts'
import type { RecordedStep } from '../recorded-steps.ts'
import { decodeObject } from '../schema/decode.ts'
import { prepareForCreate } from '../strategy/prepare.ts'
import { validateCreate } from './validate.ts'

/** Decided before the object is looked at, by the cluster's state, or by the transport. */
const ELSEWHERE = [
  'namespace mismatch',
  'wrong kind',
  'wrong version',
  'no namespace',
  'unknown priority class',
  'unknown service account',
]

const steps = ['validation-pod', 'validation-kinds']
  .flatMap(recordedSteps)
  .filter((step) => !step.setup && !ELSEWHERE.includes(step.id))

test.each(steps.map((step) => [step.id, step] as const))('%s is answered as Kubernetes answers it', (_, step) => {
  const answer = answerTo(step)
  if (step.status < 300) expect(answer).toBeUndefined()
  else expect(answer).toEqual(step.answer)
})

function answerTo(step: RecordedStep): unknown {
  const { type } = kindOfPath(step.path)
  try {
    const { object } = decodeObject(type, step.body)
    applyDefaults(type, object)
    Object.assign(object.metadata, { uid: '3b6f0c2e-8a1d-4f57-9c0e-5d2a7b1e4f60', creationTimestamp: '<time>' })
    if (type.namespaced) object.metadata.namespace ??= 'x'
    prepareForCreate(type, object)
    const errors = validateCreate(type, object)
    return errors.length === 0 ? undefined : invalidError(type, object.metadata.name ?? '', errors).status
  } catch (error) {
    if (error instanceof ApiError) return error.status
    throw error
  }
}
