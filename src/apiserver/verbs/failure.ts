import type { ApiError } from '../../api/meta/status.ts'
import { apiError } from '../../api/meta/status.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { invalidError } from '../../api/meta/field-error.ts'
import type { StatusCause } from '../../api/generated/meta-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { groupResourceOf } from '../../api/resource-type.ts'

/** What an error is about, in the form of a Status' details: the plural, and the group unless it is the core one. */
export function detailsOf(type: ResourceType, name?: string) {
  return {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.plural,
  }
}

export function notFound(type: ResourceType, name: string): ApiError {
  return apiError('NotFound', `${groupResourceOf(type)} "${name}" not found`, detailsOf(type, name))
}

export function alreadyExists(type: ResourceType, name: string, existing: KubeObject): ApiError {
  const going = existing.metadata.deletionTimestamp === undefined ? '' : 'object is being deleted: '
  return apiError('AlreadyExists', `${going}${groupResourceOf(type)} "${name}" already exists`, detailsOf(type, name))
}

export function conflict(type: ResourceType, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${groupResourceOf(type)} "${name}": ${why}`
  return apiError('Conflict', message, detailsOf(type, name))
}

/** The conflict of a writer whose `resourceVersion` is not the current one. */
export function modified(type: ResourceType, name: string): ApiError {
  return conflict(
    type,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  )
}

export function forbidden(
  type: ResourceType,
  name: string | undefined,
  why: string,
  causes?: readonly StatusCause[],
): ApiError {
  const resource = groupResourceOf(type)
  const subject = name === undefined || name === '' ? `${resource} is forbidden` : `${resource} "${name}" is forbidden`
  return apiError('Forbidden', `${subject}: ${why}`, { ...detailsOf(type, name), ...(causes && { causes }) })
}

/** The failure of a request's options, such as a `dryRun` of an unknown value. */
export function invalidOptions(kind: string, errors: readonly FieldError[]): ApiError {
  return invalidError({ group: 'meta.k8s.io', kind }, '', errors)
}
