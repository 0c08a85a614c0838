import { isJsonObject } from '../../api/draft.ts'
import type { Draft, JsonObject } from '../../api/draft.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import { goText } from '../../api/meta/go-text.ts'
import { ApiError, apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { restoreProblem } from '../../api/patch/restore-problem.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import type { Patch, PatchOptions } from '../../client/client.ts'
import { decodeBody } from './decode-body.ts'
import type { RequestContext } from './request.ts'
import type { ServedResource } from './served-resource.ts'

/** A patch, and what came of it. */
interface Patched {
  readonly change: Patch
  readonly value: unknown
}

/** What a patch gave as an object. What is wrong with it is said of the patch, in Kubernetes' words. */
export function decodePatched(
  context: RequestContext,
  resource: ServedResource,
  { change, value }: Patched,
  validation: PatchOptions['fieldValidation'],
): Draft<KubeObject> {
  const isStrategic = change.type === 'strategic'
  const { type } = resource
  if (isStrategic) {
    const problem = restoreProblem(resource.schema(), value)
    if (problem !== undefined) throw refused(goText(change.patch), problem)
  }
  try {
    // A strategic patch is of the type that it is applied to, whatever it says of its own.
    const own = { apiVersion: apiVersionOf(type), kind: type.kind }
    const sent = isJsonObject(value) ? value : {}
    if (!isStrategic && resource.definition === undefined && sent['kind'] === type.kind && !sent['apiVersion']) {
      return ofNoVersion(context, sent, validation)
    }
    const body = isStrategic ? { ...(value as object), ...own } : isJsonObject(value) ? { ...own, ...value } : value
    return decodeBody(context, resource, { value: body }, validation)
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'BadRequest') throw error
    const [, detail = error.message] = /cannot be handled as a \w+: (.*)$/s.exec(error.message) ?? []
    throw refused(isStrategic ? goText(change.patch) : JSON.stringify(value), detail)
  }
}

/** Without a version Kubernetes reads what it does not publish: the kind's own form, of which no field has the name that was sent. */
function ofNoVersion(
  context: RequestContext,
  sent: JsonObject,
  validation: PatchOptions['fieldValidation'],
): Draft<KubeObject> {
  const unknown = Object.keys(sent).filter((name) => name !== 'kind' && name !== 'apiVersion')
  const problems = unknown.toSorted().map((name) => `unknown field ${JSON.stringify(name)}`)
  if (validation === 'Strict') throw apiError('BadRequest', `strict decoding error: ${problems.join(', ')}`)
  if (validation !== 'Ignore') for (const problem of problems) context.warn(problem)
  return { apiVersion: '', kind: '', metadata: {} }
}

const refused = (value: string, problem: string) =>
  invalidError({ group: '', kind: '' }, '', [invalid('patch', value, problem)])
