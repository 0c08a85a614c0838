import { applyPatch } from 'rfc6902'
import type { Operation } from 'rfc6902'
import { isJsonObject } from '../draft.ts'
import { apiError } from '../meta/status.ts'

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test']
/** As Kubernetes bounds it. */
const MAXIMUM_OPERATIONS = 10_000

/**
 * RFC 6902, with Kubernetes' answers: BadRequest where the patch cannot be read, Invalid (422) where it does not apply.
 * Gives a new value; neither argument is changed.
 */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) {
    throw apiError(
      'BadRequest',
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    )
  }
  if (patch.length > MAXIMUM_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAXIMUM_OPERATIONS}, got ${patch.length}`
    throw apiError('RequestEntityTooLarge', message)
  }
  for (const operation of patch) if (!isOperation(operation)) throw doesNotApply()
  const result = structuredClone(target)
  const failures = applyPatch(result, structuredClone(patch) as Operation[])
  if (failures.some((failure) => failure !== null)) throw doesNotApply()
  return result
}

function isOperation(value: unknown): boolean {
  if (!isJsonObject(value) || typeof value['path'] !== 'string') return false
  if (value['path'].split('/').includes('__proto__')) return false
  return OPERATIONS.includes(String(value['op']))
}

const doesNotApply = () => apiError('Invalid', 'the server rejected our request due to an error in our request', {})
