import type { ApiKind } from '../../api/registry.ts'
import type { FieldSchema, ObjectSchema, Schema } from '../../api/schema/schema.ts'
import type { ResourceType, Subresource, Verb } from '../../api/resource-type.ts'
import type { DefinedVersion, Definition, JsonSchema } from './json-schema.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { field, METADATA_HOLDER } from './metadata-holder.ts'

const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

/** How a definition's kind is named in the store. */
export function storageOf({ spec }: Definition): string {
  return `${spec.names.plural}.${spec.group}`
}

/** The kinds that a definition serves, one for each served version. */
export function kindsOf(definition: Definition): readonly ApiKind[] {
  const { versions } = definition.spec
  const types = new Map(versions.map((version) => [version.name, typeOf(definition, version)]))
  const stored = versions.find((version) => version.storage)?.name ?? ''
  return versions
    .filter((version) => version.served)
    .map((version) => kindOf(definition, types.get(version.name), types.get(stored)))
}

function kindOf(
  definition: Definition,
  type: ResourceType | undefined,
  storageType: ResourceType | undefined,
): ApiKind {
  if (type === undefined) throw new Error(`${definition.metadata.name ?? ''} has a version without a type`)
  let compiled: ObjectSchema | undefined
  return {
    type,
    storage: storageOf(definition),
    storageType: storageType ?? type,
    listKind: definition.spec.names.listKind ?? `${type.kind}List`,
    strategy: {
      hasStatus: type.subresources.some((one) => one.name === 'status'),
      resetsStatus: type.subresources.some((one) => one.name === 'status'),
      startsGeneration: true,
      countsGeneration: true,
      createsOnUpdate: false,
      updatesUnconditionally: false,
      deletesGracefully: false,
      defaultPropagation: 'Background',
      deleteAnswersObject: false,
    },
    schema: () =>
      (compiled ??= objectSchema(jsonSchemaOf(definition, type.version), type.kind, METADATA_HOLDER.fields)),
    definition,
  }
}

function typeOf({ spec }: Definition, version: DefinedVersion): ResourceType {
  const { names, group, scope } = spec
  return {
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    namespaced: scope === 'Namespaced',
    verbs: VERBS,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    subresources: subresourcesOf(version, names.kind),
    definition: '',
  }
}

function subresourcesOf({ subresources = {} }: DefinedVersion, kind: string): readonly Subresource[] {
  const verbs: readonly Verb[] = ['get', 'patch', 'update']
  return [
    ...(subresources.status === undefined ? [] : [{ name: 'status', verbs, kind }]),
    ...(subresources.scale === undefined
      ? []
      : [{ name: 'scale', verbs, group: 'autoscaling', version: 'v1', kind: 'Scale' }]),
  ]
}

/** A definition's schema in the form that patches and managed fields are driven by. */
function schemaFrom(schema: JsonSchema, name: string): Schema {
  if (schema['x-kubernetes-int-or-string'])
    return { kind: 'scalar', scalar: 'int-or-string', goType: 'intstr.IntOrString' }
  if (schema.type === 'array') return listSchema(schema, name)
  if (schema.properties !== undefined) return objectSchema(schema, name)
  if (typeof schema.additionalProperties === 'object') {
    const atomic = schema['x-kubernetes-map-type'] === 'atomic'
    return { kind: 'map', values: schemaFrom(schema.additionalProperties, name), atomic }
  }
  if (schema.type === 'string') return { kind: 'scalar', scalar: 'string', goType: 'string' }
  if (schema.type === 'boolean') return { kind: 'scalar', scalar: 'boolean', goType: 'bool' }
  if (schema.type === 'integer') return { kind: 'scalar', scalar: 'int64', goType: 'int64' }
  return schema.type === 'number' ? { kind: 'scalar', scalar: 'double', goType: 'float64' } : { kind: 'any' }
}

function objectSchema(schema: JsonSchema, name: string, more: Iterable<[string, FieldSchema]> = []): ObjectSchema {
  const required = new Set(schema.required)
  const fields = new Map<string, FieldSchema>()
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    fields.set(key, field(schemaFrom(property, `${name}.${key}`), required.has(key)))
  }
  for (const [key, value] of more) fields.set(key, value)
  return {
    kind: 'object',
    goType: name,
    fields,
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    preserveUnknown: schema['x-kubernetes-preserve-unknown-fields'] === true,
  }
}

function listSchema(schema: JsonSchema, name: string): Schema {
  const kind = schema['x-kubernetes-list-type']
  const items: Schema = schema.items === undefined ? { kind: 'any' } : schemaFrom(schema.items, name)
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => ({ name: key }))
  return { kind: 'list', items, list: kind === 'set' || kind === 'map' ? kind : 'atomic', keys }
}
