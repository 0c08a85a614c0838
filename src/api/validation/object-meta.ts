import type { ObjectMeta, OwnerReference } from '../generated/meta-v1.ts'
import { forbidden, invalid, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems, labelValueProblems } from '../meta/names.ts'
import type { Problems } from '../meta/names.ts'
import { semanticallyEqual } from '../meta/equal.ts'

const ANNOTATIONS_BYTES = 256 * 1024
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']

/** What holds for the metadata of every kind; `nameProblems` is the kind's rule for names. */
export function validateMetadata(
  metadata: ObjectMeta,
  namespaced: boolean,
  nameProblems: (name: string) => Problems,
  path = 'metadata',
): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', generateName = '', namespace = '' } = metadata
  if (generateName !== '') {
    const masked = generateName.endsWith('-') ? `${generateName.slice(0, -1)}a` : generateName
    for (const problem of nameProblems(masked)) errors.push(invalid(`${path}.generateName`, generateName, problem))
  }
  if (name === '') errors.push(required(`${path}.name`, 'name or generateName is required'))
  else for (const problem of nameProblems(name)) errors.push(invalid(`${path}.name`, name, problem))
  if (namespaced && namespace === '') errors.push(required(`${path}.namespace`))
  if (!namespaced && namespace !== '') errors.push(forbidden(`${path}.namespace`, 'not allowed on this type'))
  errors.push(...validateLabels(metadata.labels, `${path}.labels`))
  errors.push(...validateAnnotations(metadata.annotations, `${path}.annotations`))
  errors.push(...validateOwners(metadata.ownerReferences ?? [], `${path}.ownerReferences`))
  errors.push(...validateFinalizers(metadata.finalizers ?? [], `${path}.finalizers`))
  return errors
}

export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...labelKeyProblems(key).map((problem) => invalid(path, key, problem)),
    ...labelValueProblems(value).map((problem) => invalid(path, value, problem)),
  ])
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    bytes += utf8Length(key) + utf8Length(value)
    for (const problem of labelKeyProblems(key.toLowerCase())) errors.push(invalid(path, key, problem))
  }
  if (bytes > ANNOTATIONS_BYTES) errors.push(tooLong(path, ANNOTATIONS_BYTES))
  return errors
}

export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}

function validateOwners(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  owners.forEach((owner, i) => {
    errors.push(...validateOwner(owner, `${path}[${i}]`))
    if (owner.controller !== true) return
    if (controller === undefined) controller = owner.name
    else {
      const found = `Found "true" in references for ${controller} and ${owner.name}`
      errors.push(invalid(path, owners, `Only one reference can have Controller set to true. ${found}`))
    }
  })
  return errors
}

function validateOwner(owner: OwnerReference, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { apiVersion, kind, name, uid } = owner
  if (apiVersion === '') errors.push(invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'))
  for (const [field, value] of Object.entries({ kind, name, uid })) {
    if (value === '') errors.push(invalid(`${path}.${field}`, value, 'must not be empty'))
  }
  if (apiVersion === 'v1' && kind === 'Event') {
    errors.push(invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'))
  }
  return errors
}

function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const name of finalizers) {
    for (const problem of labelKeyProblems(name)) errors.push(invalid(path, name, problem))
  }
  finalizers.forEach((name, i) => {
    if (name.includes('/') || STANDARD_FINALIZERS.includes(name)) return
    const detail = 'name is neither a standard finalizer name nor is it fully qualified'
    errors.push(invalid(`${path}[${i}]`, name, detail))
  })
  return errors
}

/** What an update may not do to the metadata of any kind. */
export function validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((name) => !old.finalizers?.includes(name)).sort()
    const list = added.map((name) => JSON.stringify(name)).join(', ')
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
    if (added.length > 0) errors.push(forbidden('metadata.finalizers', detail))
  }
  errors.push(...validateLabels(metadata.labels, 'metadata.labels'))
  errors.push(...validateAnnotations(metadata.annotations, 'metadata.annotations'))
  errors.push(...validateOwners(metadata.ownerReferences ?? [], 'metadata.ownerReferences'))
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp'] as const) {
    if (metadata[field] !== old[field]) errors.push(immutable(`metadata.${field}`, metadata[field]))
  }
  return errors
}

/** The fault of a field that may not change. */
export function immutable(path: string, value: unknown): FieldError {
  return invalid(path, value, 'field is immutable')
}

/** The fault of a field that differs from what it was, or nothing. */
export function unlessSame(path: string, value: unknown, old: unknown): FieldError[] {
  return semanticallyEqual(value, old) ? [] : [immutable(path, value)]
}
