import { applyDefaults } from '../../api/defaults/defaults.ts'
import type { Draft } from '../../api/draft.ts'
import type { CertificateSigningRequest } from '../../api/generated/certificates-v1.ts'
import type { Event } from '../../api/generated/core-v1.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Surroundings } from '../../api/validation/addresses.ts'
import { validateEvent, validateEventUpdate } from '../../api/validation/event.ts'
import { validateCreate, validateNewMetadata, validateUpdate } from '../../api/validation/validate.ts'
import { warningsOf } from '../../api/warnings/warnings.ts'
import { validateRegistration } from '../admission/dynamic/registration-validation.ts'
import { REQUESTS } from '../certificates/requests.ts'
import { validateRequest, validateRequestUpdate } from '../certificates/request-validation.ts'
import { formatWarnings } from '../custom/formats.ts'
import { validateDefinition } from '../custom/definition-validation.ts'
import { applyCustomDefaults, validateCustom } from '../custom/custom-kind.ts'
import type { ServedResource } from './served-resource.ts'

const REGISTRATION = 'admissionregistration.k8s.io'
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io'

/** Fills in absent fields, in place, by the rules of the version asked for: built in, or the definition's schema. */
export function defaultsFor(resource: ServedResource, object: Draft<KubeObject>): void {
  if (resource.definition === undefined) applyDefaults(resource.type, object)
  else applyCustomDefaults(resource, object)
}

/** What is wrong with a new object, in its stored version; `isAccepted` says that its spec is known to be valid. */
export function validationOfNew(
  resource: ServedResource,
  object: KubeObject,
  around: Surroundings,
  isAccepted: boolean,
): readonly FieldError[] {
  if (isAccepted) return validateNewMetadata(resource.storageType, object)
  if (resource.storage === 'events') {
    const errors = validateEvent(object as Event, resource.type.group)
    return errors.length > 0 ? errors : validateCreate(resource.storageType, object, around)
  }
  const errors = validateCreate(resource.storageType, object, around)
  if (resource.storage === DEFINITIONS) return [...errors, ...validateDefinition(object)]
  if (resource.storage === REQUESTS) return [...errors, ...validateRequest(object as CertificateSigningRequest)]
  if (resource.type.group === REGISTRATION) return [...errors, ...validateRegistration(resource.storage, object)]
  return resource.definition === undefined ? errors : [...errors, ...validateCustom(resource, object)]
}

/** What is wrong with replacing `old`, both in their stored version. */
export function validationOfUpdate(
  resource: ServedResource,
  object: KubeObject,
  old: KubeObject,
  subresource: string | undefined,
  around: Surroundings,
): readonly FieldError[] {
  const errors = validateUpdate(resource.storageType, object, old, subresource, around)
  if (resource.storage === 'events') {
    return [...errors, ...validateEventUpdate(object as Event, old as Event, resource.type.group)]
  }
  if (resource.storage === REQUESTS) {
    const [request, before] = [object as CertificateSigningRequest, old as CertificateSigningRequest]
    return [...validateRequest(request), ...validateRequestUpdate(request, before, subresource), ...errors]
  }
  if (resource.storage === DEFINITIONS && subresource === undefined) {
    return [...errors, ...validateDefinition(object, old)]
  }
  if (resource.type.group === REGISTRATION && subresource === undefined) {
    return [...errors, ...validateRegistration(resource.storage, object)]
  }
  return resource.definition === undefined ? errors : [...errors, ...validateCustom(resource, object, old)]
}

/** What is told of a valid object to whoever writes it. */
export function warningsFor(
  resource: ServedResource,
  object: KubeObject,
  old?: KubeObject,
  subresource?: string,
): readonly string[] {
  if (resource.storage === DEFINITIONS && subresource === undefined) return formatWarnings(object)
  return resource.definition === undefined ? warningsOf(resource.storageType, object, old, subresource) : []
}
