import { ApiError } from '../../api/meta/status.ts'
import { apiError } from '../../api/meta/status.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { invalidError } from '../../api/meta/field-error.ts'
import type { StatusCause } from '../../api/generated/meta-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { groupResourceOf } from '../../api/resource-type.ts'
import type { ObjectTarget } from './request.ts'

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

/** Kinds that lie elsewhere in Kubernetes' store than their names say. */
const STORED_AS: Readonly<Record<string, string>> = {
  endpoints: 'services/endpoints',
  nodes: 'minions',
  replicationcontrollers: 'controllers',
  services: 'services/specs',
  'ingresses.networking.k8s.io': 'ingress',
}

/**
 * The conflict of a writer who means another object of that name, or one where there is none, in the words of Kubernetes'
 * store: what is tried only does not reach the place where that keeps things.
 */
export function otherUid(
  { resource, namespace, name }: ObjectTarget,
  wanted: string,
  uid: string | undefined,
  isTried: boolean,
): ApiError {
  const { group, plural, definition } = resource.type
  const isOwn = definition.startsWith('io.k8s.api.')
  const place = STORED_AS[groupResourceOf(resource.type)] ?? (isOwn ? plural : `${group}/${plural}`)
  const root = isTried ? '' : '/registry'
  const key = `${root}/${[place, namespace, name].filter((part) => part !== undefined).join('/')}`
  const why = otherIdentity('UID', wanted, uid)
  const error = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`
  return conflict(resource.type, name, error)
}

/** Why a precondition does not hold, as those say who compare it themselves. */
export const otherIdentity = (what: 'UID' | 'ResourceVersion', wanted: string, actual = ''): string =>
  `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${actual}`

/** Versions are numbers: Kubernetes answers any other with its parser's error, which has no reason. */
export function malformedVersion(version: string): ApiError {
  const message = `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
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
