import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { jsonEqual } from '../meta/equal.ts'
import { ApiError, apiError } from '../meta/status.ts'

/** As Kubernetes bounds it. */
const MAXIMUM_OPERATIONS = 10_000
/** As Kubernetes bounds what copies may add together: each could double the one before. */
const MAXIMUM_COPIED_BYTES = 3 * 1024 * 1024

interface Operation {
  readonly op: string
  readonly path: readonly string[]
  readonly from: readonly string[] | undefined
  readonly value: unknown
}

/** An object or array of the document, and the key in it that a path ends with. */
interface Place {
  readonly parent: JsonObject | unknown[]
  readonly key: string
}

/**
 * RFC 6902 as Kubernetes' library reads it (indices may count from the end), with Kubernetes' answers: BadRequest where the
 * patch cannot be read, Invalid (422) where it does not apply. Gives a new value; neither argument is changed. A path leads
 * through own fields only, whatever their names.
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
  const operations = patch.map(readOperation)
  let result: unknown = structuredClone(target)
  let copied = 0
  for (const operation of operations) {
    if (operation.op === 'copy') copied += bytesAt(result, operation.from)
    if (copied > MAXIMUM_COPIED_BYTES) throw tooMuchCopied(copied)
    result = applied(result, operation)
  }
  return result
}

/** A value that is left out is null, as Kubernetes' library has it. */
function readOperation(one: unknown): Operation {
  if (!isJsonObject(one)) throw doesNotApply()
  const { op, path, from, value = null } = one
  if (typeof op !== 'string' || typeof path !== 'string') throw doesNotApply()
  return { op, path: stepsOf(path), from: typeof from === 'string' ? stepsOf(from) : undefined, value }
}

/** No steps lead to the whole. */
function stepsOf(pointer: string): readonly string[] {
  const [root, ...steps] = pointer.split('/')
  if (root !== '') throw doesNotApply()
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function applied(document: unknown, operation: Operation): unknown {
  try {
    return appliedTo(document, operation)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw new ApiError(error.status, { cause: new Error(whyNot(document, operation)) })
  }
}

/** Why an operation does not apply, in the words of Kubernetes' library: webhooks are told so. */
function whyNot(document: unknown, { op, path, from }: Operation): string {
  const [to, source] = [pointerOf(path), pointerOf(from ?? [])]
  const place = containerAt(document, path)
  const key = path.at(-1) ?? ''
  const index = `Unable to access invalid index: ${key}: invalid index referenced`
  switch (op) {
    case 'add':
      if (place === undefined) return `add operation does not apply: doc is missing path: "${to}": missing value`
      return `error in add for path: '${to}': ${index}`
    case 'remove':
      if (place === undefined) return `remove operation does not apply: doc is missing path: "${to}": missing value`
      if (Array.isArray(place)) return `error in remove for path: '${to}': ${index}`
      return `error in remove for path: '${to}': Unable to remove nonexistent key: ${key}: missing value`
    case 'replace':
      return `replace operation does not apply: doc is missing ${place === undefined ? 'path' : 'key'}: ${to}: missing value`
    case 'test':
      if (place === undefined) return `test operation does not apply: is missing path: ${to}: missing value`
      return `testing value ${to} failed: test failed`
    case 'move':
    case 'copy': {
      const missing = place === undefined ? `destination path: ${to}` : `from path: ${source}`
      return `${op} operation does not apply: doc is missing ${missing}: missing value`
    }
    default:
      return `Unexpected kind: ${op}`
  }
}

const pointerOf = (path: readonly string[]): string =>
  path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

function containerAt(document: unknown, path: readonly string[]): JsonObject | unknown[] | undefined {
  try {
    return placeAt(document, path).parent
  } catch {
    return undefined
  }
}

function appliedTo(document: unknown, { op, path, from, value }: Operation): unknown {
  if (path.length === 0 && (op === 'replace' || op === 'add')) return structuredClone(value)
  if (op === 'move') {
    const moved = remove(placeAt(document, from))
    add(placeAt(document, path), moved)
  } else if (op === 'copy') add(placeAt(document, path), structuredClone(copied(placeAt(document, from))))
  else apply(placeAt(document, path), op, value)
  return document
}

function apply(place: Place, op: string, value: unknown): void {
  switch (op) {
    case 'add':
      return add(place, structuredClone(value))
    case 'remove':
      return void remove(place)
    case 'replace':
      // Kubernetes' library replaces a field that is not there, too.
      if (Array.isArray(place.parent)) present(place)
      return set(place, structuredClone(value))
    case 'test':
      // A field that is absent equals null.
      if (jsonEqual(get(place) ?? null, value)) return
  }
  throw doesNotApply()
}

/** A field that is not there is copied as null. */
function copied(place: Place): unknown {
  return Array.isArray(place.parent) ? present(place) : (get(place) ?? null)
}

function present(place: Place): unknown {
  const value = get(place)
  if (value === undefined) throw doesNotApply()
  return value
}

function placeAt(document: unknown, path: readonly string[] | undefined): Place {
  if (path === undefined) throw doesNotApply()
  let parent = document
  for (const step of path.slice(0, -1)) parent = get({ parent: containerOf(parent), key: step })
  const key = path.at(-1)
  if (key === undefined) throw doesNotApply()
  return { parent: containerOf(parent), key }
}

function containerOf(value: unknown): JsonObject | unknown[] {
  if (Array.isArray(value) || isJsonObject(value)) return value as JsonObject | unknown[]
  throw doesNotApply()
}

function get({ parent, key }: Place): unknown {
  if (Array.isArray(parent)) return parent[indexOf(key, parent.length)]
  return Object.hasOwn(parent, key) ? parent[key] : undefined
}

function set({ parent, key }: Place, value: unknown): void {
  if (Array.isArray(parent)) parent[indexOf(key, parent.length)] = value
  else Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
}

function add(place: Place, value: unknown): void {
  const { parent, key } = place
  if (!Array.isArray(parent)) return set(place, value)
  const index = key === '-' ? parent.length : indexOf(key, parent.length + 1)
  parent.splice(index, 0, value)
}

function remove(place: Place): unknown {
  const value = present(place)
  const { parent, key } = place
  if (Array.isArray(parent)) parent.splice(indexOf(key, parent.length), 1)
  else delete parent[key]
  return value
}

/** An index below `length`; a negative one counts from the end. */
function indexOf(key: string, length: number): number {
  const index = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN
  const fromStart = index < 0 ? index + length : index
  if (fromStart >= 0 && fromStart < length) return fromStart
  throw doesNotApply()
}

function bytesAt(document: unknown, from: readonly string[] | undefined): number {
  return JSON.stringify(get(placeAt(document, from)))?.length ?? 0
}

function tooMuchCopied(copied: number) {
  const limit = `exceeding the limit ${MAXIMUM_COPIED_BYTES}`
  const message = `Unable to complete the copy, the accumulated size increase of copy operation is ${copied}, ${limit}`
  return apiError('RequestEntityTooLarge', message)
}

const doesNotApply = () => apiError('Invalid', 'the server rejected our request due to an error in our request', {})
