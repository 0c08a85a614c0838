import type { Draft } from '../../api/draft.ts'
import { invalid } from '../../api/meta/field-error.ts'
import type { FieldError, FieldErrorReason } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Decoded } from '../../api/schema/decode.ts'
import { decodeObject } from '../../api/schema/decode.ts'
import { dropEmpties } from '../../api/schema/empty-values.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import type { JsonSchema } from './json-schema.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { METADATA_HOLDER } from './metadata-holder.ts'
import { prune } from './prune.ts'
import { validateByRules } from './rule-validation.ts'
import { hasRules } from './rules.ts'
import { fillDefaults } from './schema-defaults.ts'
import { validateScale } from './scale-validation.ts'
import { validateInvariants } from './invariants.ts'
import { validateBySchema } from './schema-validation.ts'

/** A custom resource's body: metadata by the API's own schema, the rest pruned by the definition's. */
export function decodeCustom(resource: ServedResource, value: unknown): Decoded {
  if (typeof value !== 'object' || value === null) throw apiError('BadRequest', 'the request body is not an object')
  const { apiVersion, kind, metadata, ...rest } = value as KubeObject
  const head = decodeObject(resource.type, { apiVersion, kind, metadata: metadata ?? {} }, METADATA_HOLDER)
  dropEmpties(METADATA_HOLDER, head.object)
  const unknown: string[] = [...head.strictErrors]
  const body = prune(schemaOf(resource), rest, '', unknown)
  return { object: { ...head.object, ...(body as object) } as Draft<KubeObject>, strictErrors: unknown }
}

export function applyCustomDefaults(resource: ServedResource, object: Draft<KubeObject>): void {
  fillDefaults(schemaOf(resource), object)
}

/**
 * What breaks the definition's schema or its rules. What broke the schema before and has not changed is let be; rules are
 * looked at only where the object has the schema's shape.
 */
export function validateCustom(resource: ServedResource, object: KubeObject, old?: KubeObject): readonly FieldError[] {
  const { apiVersion: _, kind: __, metadata: ___, ...rest } = object
  const before = old === undefined ? undefined : withoutIdentity(old)
  const schema = schemaOf(resource)
  const errors = [
    ...validateBySchema(schema, rest, '', before),
    ...validateScale(resource, rest),
    ...validateInvariants(schema, rest, ''),
  ]
  const whole = jsonSchemaOf(resource.definition as KubeObject, resource.type.version)
  if (!hasRules(whole)) return errors
  if (errors.some(({ reason }) => BLOCKING.has(reason))) return [...errors, NOT_CHECKED]
  return [...errors, ...validateByRules(whole, object, old)]
}

const BLOCKING: ReadonlySet<FieldErrorReason> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

const NOT_CHECKED = invalid(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

function withoutIdentity(object: KubeObject): unknown {
  const { apiVersion: _, kind: __, metadata: ___, ...rest } = object
  return rest
}

/** The schema without what the API itself rules: a definition may say something of metadata.name, and no more. */
function schemaOf({ definition, type }: ServedResource): JsonSchema {
  const whole = jsonSchemaOf(definition as KubeObject, type.version)
  let schema = trimmed.get(whole)
  if (schema === undefined) {
    const { apiVersion: _, kind: __, metadata: ___, ...properties } = whole.properties ?? {}
    const required = (whole.required ?? []).filter((one) => !['apiVersion', 'kind', 'metadata'].includes(one))
    schema = { ...whole, properties, required }
    trimmed.set(whole, schema)
  }
  return schema
}

const trimmed = new WeakMap<JsonSchema, JsonSchema>()
