import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../generated/meta-v1.ts'
import { forbidden, invalid, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, labelKeyProblems, labelValueProblems } from '../meta/names.ts'
import type { Problems } from '../meta/names.ts'
import { semanticallyEqual } from '../meta/equal.ts'

const ANNOTATIONS_BYTES = 256 * 1024
const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']
const MANAGER_BYTES = 128
const SUBRESOURCE_BYTES = 256

export type NameRule = (name: string) => Problems

/** What holds for the metadata of every kind, built in or not; `nameProblems` is the kind's rule for names. */
export function validateMetadata(
  metadata: ObjectMeta,
  namespaced: boolean,
  nameProblems: NameRule,
  path = 'metadata',
): FieldError[] {
  const errors = validateName(metadata, nameProblems, path)
  const { namespace = '', generation = 0 } = metadata
  if (namespaced) errors.push(...validateNamespace(namespace, path))
  else if (namespace !== '') errors.push(forbidden(`${path}.namespace`, 'not allowed on this type'))
  if (generation < 0) errors.push(invalid(`${path}.generation`, generation, 'must be greater than or equal to 0'))
  errors.push(...validateLabels(metadata.labels, `${path}.labels`))
  errors.push(...validateAnnotations(metadata.annotations, `${path}.annotations`))
  errors.push(...validateOwners(metadata.ownerReferences ?? [], `${path}.ownerReferences`))
  errors.push(...validateFinalizers(metadata.finalizers ?? [], `${path}.finalizers`))
  return [...errors, ...validateManagers(metadata.managedFields ?? [], `${path}.managedFields`)]
}

/** The part of {@link validateMetadata} that the kind's rule for names decides. */
export function validateName(metadata: ObjectMeta, nameProblems: NameRule, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = []
  const { name = '', generateName = '' } = metadata
  if (generateName !== '') {
    for (const problem of nameProblems(maskTrailingDash(generateName))) {
      errors.push(invalid(`${path}.generateName`, generateName, problem))
    }
  }
  if (name === '') errors.push(required(`${path}.name`, 'name or generateName is required'))
  else for (const problem of nameProblems(name)) errors.push(invalid(`${path}.name`, name, problem))
  return errors
}

function validateNamespace(namespace: string, path: string): FieldError[] {
  if (namespace === '') return [required(`${path}.namespace`)]
  return dnsLabelProblems(namespace).map((problem) => invalid(`${path}.namespace`, namespace, problem))
}

/** A prefix may end in a dash, since letters follow; Kubernetes takes the character before it away too. */
function maskTrailingDash(prefix: string): string {
  return prefix.length > 1 && prefix.endsWith('-') ? `${prefix.slice(0, -2)}a` : prefix
}

/** A finalizer without a domain is one of Kubernetes' own. */
export function unlessKnownFinalizer(name: string, path: string): FieldError[] {
  const detail = 'name is neither a standard finalizer name nor is it fully qualified'
  return name.includes('/') || STANDARD_FINALIZERS.includes(name) ? [] : [invalid(path, name, detail)]
}

/** What Kubernetes' own kinds ask beyond that: finalizers without a domain must be known ones. */
export function validateFinalizerNames({ finalizers }: ObjectMeta, path = 'metadata'): FieldError[] {
  return (finalizers ?? []).flatMap((name, i) => unlessKnownFinalizer(name, `${path}.finalizers[${i}]`))
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

/** Of metadata for objects that are made from a template: it has labels and annotations, and nothing else. */
export function validateTemplateMetadata(metadata: Partial<ObjectMeta> | undefined, path: string): FieldError[] {
  const { labels, annotations, ...rest } = metadata ?? {}
  const errors = [
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validateLabels(labels, `${path}.labels`),
  ]
  const others = IN_ORDER.filter((name) => rest[name] !== undefined)
  return [...errors, ...others.map((name) => forbidden(`${path}.${goName(name)}`, 'cannot be set'))]
}

/** Fields as Go's struct has them. */
const IN_ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const
const goName = (name: string) => (name === 'uid' ? 'uID' : name)

export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}

function validateOwners(owners: readonly OwnerReference[], path: string): FieldError[] {
  const errors: FieldError[] = []
  let controller: string | undefined
  for (const owner of owners) {
    errors.push(...validateOwner(owner, path))
    if (owner.controller !== true) continue
    const current = `${owner.kind}/${owner.name}`
    if (controller === undefined) controller = current
    else {
      const found = `Found "true" in references for ${controller} and ${current}`
      errors.push(invalid(path, owners, `Only one reference can have Controller set to true. ${found}`))
    }
  }
  return errors
}

/** Kubernetes names the list rather than the item in it. */
function validateOwner(owner: OwnerReference, path: string): FieldError[] {
  const errors: FieldError[] = []
  const { apiVersion, kind, name, uid } = owner
  const version = apiVersion.includes('/') ? (apiVersion.split('/')[1] ?? '') : apiVersion
  if (version === '') errors.push(invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'))
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
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  }
  return errors
}

function validateManagers(entries: readonly ManagedFieldsEntry[], path: string): FieldError[] {
  return entries.flatMap(({ operation = '', fieldsType = '', manager = '', subresource = '' }, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    if (operation !== 'Apply' && operation !== 'Update') {
      errors.push(invalid(`${at}.operation`, operation, 'must be `Apply` or `Update`'))
    }
    if (fieldsType !== '' && fieldsType !== 'FieldsV1') {
      errors.push(invalid(`${at}.fieldsType`, fieldsType, 'must be `FieldsV1`'))
    }
    if (manager.length > MANAGER_BYTES) errors.push(tooLong(`${at}.manager`, MANAGER_BYTES))
    if (subresource.length > SUBRESOURCE_BYTES) errors.push(tooLong(`${at}.subresource`, SUBRESOURCE_BYTES))
    return errors
  })
}

/** Fields of the metadata that no update changes, in the order in which they are checked. */
const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

/** What an update may not do to the metadata of any kind. */
export function validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  const errors: FieldError[] = []
  if (old.deletionTimestamp !== undefined) {
    const added = (metadata.finalizers ?? []).filter((name) => !old.finalizers?.includes(name)).sort()
    const list = added.map((name) => JSON.stringify(name)).join(', ')
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
    if (added.length > 0) errors.push(forbidden('metadata.finalizers', detail))
  }
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid('metadata.generation', metadata.generation ?? 0, 'must not be decremented'))
  }
  for (const field of IMMUTABLE) {
    if (metadata[field] !== old[field]) errors.push(immutable(`metadata.${field}`, metadata[field]))
  }
  errors.push(...validateLabels(metadata.labels, 'metadata.labels'))
  errors.push(...validateAnnotations(metadata.annotations, 'metadata.annotations'))
  errors.push(...validateOwners(metadata.ownerReferences ?? [], 'metadata.ownerReferences'))
  return [...errors, ...validateManagers(metadata.managedFields ?? [], 'metadata.managedFields')]
}

/** A fault of `value` for each of its problems. */
export function named(path: string, value: unknown, problems: Problems): FieldError[] {
  return problems.map((problem) => invalid(path, value, problem))
}

/** The fault of a field that may not change. */
export function immutable(path: string, value: unknown): FieldError {
  return invalid(path, value, 'field is immutable')
}

/** The fault of a field that differs from what it was, or nothing. */
export function unlessSame(path: string, value: unknown, old: unknown): FieldError[] {
  return semanticallyEqual(value, old) ? [] : [immutable(path, value)]
}
