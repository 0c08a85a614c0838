import { applyPatch, Pointer } from 'rfc6902'
import type { Operation } from 'rfc6902'
import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
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
  let result: unknown = structuredClone(target)
  for (const one of patch as readonly unknown[]) {
    if (!isOperation(one)) throw doesNotApply()
    result = applied(result, structuredClone(one) as unknown as Operation)
  }
  return result
}

/** Kubernetes' library replaces what is not there, too, and takes a value that is left out for null. */
function applied(target: unknown, operation: Operation): unknown {
  const { op, path } = operation
  const value = 'value' in operation ? (operation.value as unknown) : null
  if (path === '' && (op === 'replace' || op === 'add')) return value
  const isAbsent = op === 'replace' && isJsonObject(Pointer.fromJSON(path).evaluate(target).parent)
  const [failed] = applyPatch(target, [isAbsent || op === 'add' ? { op: 'add', path, value } : operation])
  if (failed !== null) throw doesNotApply()
  return target
}

function isOperation(value: unknown): value is JsonObject {
  if (!isJsonObject(value) || typeof value['path'] !== 'string') return false
  if (value['path'].split('/').includes('__proto__')) return false
  return OPERATIONS.includes(String(value['op']))
}

const doesNotApply = () => apiError('Invalid', 'the server rejected our request due to an error in our request', {})
