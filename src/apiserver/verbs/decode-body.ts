import type { Draft } from '../../api/draft.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import { decodeObject, strictDecodingError } from '../../api/schema/decode.ts'
import type { WriteOptions } from '../../client/client.ts'
import { decodeCustom } from '../custom/custom-kind.ts'
import type { Body, CollectionTarget, ObjectTarget, RequestContext } from './request.ts'
import type { ServedResource } from './served-resource.ts'

/**
 * The body as an object of the resource's kind: fresh, so that the verbs may write it. Unknown fields are dropped; they
 * are warned of or refused as `fieldValidation` says (built-in default: Warn).
 */
export function decodeBody(
  context: RequestContext,
  resource: ServedResource,
  body: Body,
  validation: WriteOptions['fieldValidation'] = 'Warn',
): Draft<KubeObject> {
  const { type } = resource
  checkKind(resource, body.value)
  const { object, strictErrors } =
    resource.definition === undefined
      ? decodeObject(type, body.value, resource.schema())
      : decodeCustom(resource, body.value)
  keepReset(object, body.value)
  const problems = body.strictErrors === undefined ? strictErrors : [...body.strictErrors, ...strictErrors]
  if (problems.length === 0 || validation === 'Ignore') return object
  if (validation === 'Strict') throw strictDecodingError(type, problems)
  for (const problem of problems) context.warn(problem.replace(YAML_FAULT, ''))
  return object
}

/** What stands before a fault of YAML where it is an error of its own. */
const YAML_FAULT = /^yaml: unmarshal errors:\n {2}/

/** An empty list of managed fields asks for all of them to be forgotten: it is not the same as none. */
function keepReset({ metadata }: Draft<KubeObject>, value: unknown): void {
  const given = (value as Partial<KubeObject>).metadata?.managedFields
  if (given?.length === 0 && Array.isArray(given)) metadata.managedFields = []
}

/** Only that the body is of the resource's version and kind; what it holds is decoding's matter. */
export function checkKind({ type }: ServedResource, value: unknown): void {
  const { apiVersion = '', kind = '' } = (value ?? {}) as Partial<KubeObject>
  const expected = apiVersionOf(type)
  if (apiVersion === expected && kind === type.kind) return
  const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
  if (apiVersion !== expected && version === type.version) {
    const versions = `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`
    throw apiError('BadRequest', versions)
  }
  const scheme = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:110"`
  throw apiError('BadRequest', `${kind} in version "${version}" cannot be handled as a ${type.kind}: ${scheme}`)
}

/** As `checkKind`, in the words of server-side apply. */
export function checkAppliedKind({ type }: ServedResource, value: unknown): void {
  const sent = (value ?? {}) as Partial<KubeObject>
  const [apiVersion, kind] = [String(sent.apiVersion ?? ''), String(sent.kind ?? '')]
  if (sent.apiVersion === apiVersionOf(type) && sent.kind === type.kind) return
  const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
  throw apiError('BadRequest', `invalid object type: ${groupVersion}, Kind=${kind}`)
}

/** Puts a new object into the namespace of the request; throws BadRequest where it says another. */
export function placeInNamespace(target: CollectionTarget, object: Draft<KubeObject>): void {
  const { metadata } = object
  if (target.namespace === undefined) {
    // What lies in no namespace is not asked for one.
    delete metadata.namespace
    return
  }
  if (metadata.namespace && metadata.namespace !== target.namespace) throw apiError('BadRequest', MISPLACED)
  metadata.namespace = target.namespace
}

const MISPLACED = 'the namespace of the provided object does not match the namespace sent on the request'

/** Compares a replacement's name and namespace with the path's. */
export function checkNames(target: ObjectTarget, object: Draft<KubeObject>): void {
  const { name, namespace } = object.metadata
  if (!name) {
    const message = `the name of the object (${target.name} based on URL) was undeterminable: name must be provided`
    throw apiError('BadRequest', message)
  }
  if (name !== target.name) {
    const message = `the name of the object (${name}) does not match the name on the URL (${target.name})`
    throw apiError('BadRequest', message)
  }
  if (target.namespace !== undefined && namespace && namespace !== target.namespace) {
    throw apiError('BadRequest', MISPLACED)
  }
  if (target.namespace === undefined) delete object.metadata.namespace
}
