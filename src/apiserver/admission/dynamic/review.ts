import type { KubeObject } from '../../../api/object.ts'
import { convert } from '../../../api/conversion/convert.ts'
import { carryEmpties, holdsEmpties, servedEmpties } from '../../../api/schema/empty-values.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import type { AdmissionRequest } from '../admission.ts'

/** An AdmissionRequest of `admission.k8s.io/v1`, with the object in the version `form`. */
export function reviewRequest(request: AdmissionRequest, form: ServedResource, uid: string) {
  const { resource, subresource, operation, name, user, dryRun } = request
  const kindOf = ({ type }: ServedResource) => ({ group: type.group, version: type.version, kind: type.kind })
  const resourceOf = ({ type }: ServedResource) => ({ group: type.group, version: type.version, resource: type.plural })
  const { object, oldObject } = objectsOf(request, form)
  return {
    uid,
    kind: request.part ?? kindOf(form),
    resource: resourceOf(form),
    ...(subresource !== undefined && { subResource: subresource }),
    requestKind: request.part ?? kindOf(resource),
    requestResource: resourceOf(resource),
    ...(subresource !== undefined && { requestSubResource: subresource }),
    ...(name !== '' && { name }),
    ...placeOf(request),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid !== undefined && { uid: user.uid }),
      groups: user.groups,
      ...(user.extra !== undefined && { extra: user.extra }),
    },
    object,
    oldObject,
    dryRun,
    options: optionsOf(request),
  }
}

/** Of a Namespace its own name stands for where it is. */
function placeOf({ resource, name, namespace }: AdmissionRequest) {
  const place = resource.storage === 'namespaces' && name !== '' ? name : namespace
  return place === undefined ? {} : { namespace: place }
}

/** The object as it shall be and as it was, in the version `form`; null where there is none. */
export function objectsOf({ operation, object, old, part }: AdmissionRequest, form: ServedResource) {
  if (part !== undefined) return { object: object as KubeObject, oldObject: old ?? null }
  const served = (one: KubeObject | undefined) => (one === undefined ? null : inVersion(form, one))
  if (operation === 'DELETE') return { object: null, oldObject: served(old) }
  return { object: served(object as KubeObject), oldObject: served(old) }
}

/** The same object in the version `form`, as it is sent. It may yet be changed, so nothing of it is kept. */
export function inVersion(form: ServedResource, object: KubeObject): KubeObject {
  const { type, storageType } = form
  const same = type === storageType ? object : carryEmpties(object, convert(object, storageType, type))
  return holdsEmpties(same) ? servedEmpties(form.schema(), same) : same
}

const OPTIONS = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const

interface Options {
  readonly gracePeriodSeconds?: number
  readonly preconditions?: object
  readonly propagationPolicy?: string
  readonly fieldManager?: string
  readonly fieldValidation?: string
}

function optionsOf({ operation, dryRun, options }: AdmissionRequest) {
  if (operation === 'CONNECT') return null
  const { gracePeriodSeconds, preconditions, propagationPolicy, fieldManager, fieldValidation } = options as Options
  return {
    kind: OPTIONS[operation],
    apiVersion: 'meta.k8s.io/v1',
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(preconditions !== undefined && { preconditions }),
    ...(propagationPolicy !== undefined && { propagationPolicy }),
    ...(dryRun && { dryRun: ['All'] }),
    ...(fieldManager !== undefined && { fieldManager }),
    ...(fieldValidation !== undefined && { fieldValidation }),
  }
}
