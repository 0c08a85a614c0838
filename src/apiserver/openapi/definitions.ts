import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { ApiKind } from '../../api/registry.ts'
import { describeMetadata } from './metadata-descriptions.ts'
import { schemaDocument } from './schema-document.ts'
import type { RefPrefix, SchemaDocument } from './schema-document.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'
const ALWAYS = ['io.k8s.apimachinery.pkg.apis.meta.v1.Status', 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']

/** The name of a kind's definition: published for built-in kinds, made of the group for custom ones. */
export function definitionName({ type, definition }: ApiKind): string {
  if (definition === undefined) return type.definition
  return [...type.group.split('.').reverse(), type.version, type.kind].join('.')
}

/** Every definition that the kinds' documents need, by name in alphabetical order. */
export function definitionsFor(kinds: readonly ApiKind[], prefix: RefPrefix): Readonly<Record<string, SchemaDocument>> {
  const found = new Map<string, SchemaDocument>()
  const pending = new Set<string>(ALWAYS)
  const kindNames = new Map<string, ApiKind>()
  for (const kind of kinds) {
    const name = definitionName(kind)
    kindNames.set(name, kind)
    if (kind.definition !== undefined) {
      found.set(name, customDocument(kind, kind.definition as unknown as CustomResourceDefinition, prefix))
      found.set(`${name}List`, customList(kind, name, prefix))
      pending.add(OBJECT_META).add(LIST_META)
    } else {
      pending.add(name).add(`${name}List`)
      for (const part of kind.type.subresources) pending.add(subresourceDefinition(kind, part))
    }
  }
  for (const name of pending) {
    const plain = found.has(name) ? undefined : schemaDocument(name, prefix, pending)
    const document = plain !== undefined && name === OBJECT_META ? describeMetadata(plain) : plain
    const kind = kindNames.get(name)
    if (document !== undefined) found.set(name, kind === undefined ? document : { ...document, ...gvkOf(kind) })
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Of a kind such as Scale or Eviction that a subresource exchanges, by the way that definitions are named. */
function subresourceDefinition(kind: ApiKind, part: ApiKind['type']['subresources'][number]): string {
  const group = (part.group ?? kind.type.group).split('.')[0] || 'core'
  return `io.k8s.api.${group}.${part.version ?? kind.type.version}.${part.kind}`
}

export function gvkOf({ type }: ApiKind) {
  return { 'x-kubernetes-group-version-kind': [{ group: type.group, kind: type.kind, version: type.version }] }
}

const CONVENTIONS = 'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md'

/** What Kubernetes says of the fields that every custom resource has. */
const DESCRIPTIONS = {
  apiVersion: `APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: ${CONVENTIONS}#resources`,
  kind: `Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: ${CONVENTIONS}#types-kinds`,
  metadata: `Standard object's metadata. More info: ${CONVENTIONS}#metadata`,
}

function customDocument(kind: ApiKind, definition: CustomResourceDefinition, prefix: RefPrefix): SchemaDocument {
  const version = definition.spec.versions.find(({ name }) => name === kind.type.version)
  const schema = (version?.schema?.openAPIV3Schema ?? { type: 'object' }) as SchemaDocument
  const own = (schema['properties'] ?? {}) as SchemaDocument
  const reference = { $ref: `${prefix}${OBJECT_META}` }
  // OpenAPI 3 allows nothing beside a reference, so that the description stands around it.
  const metadata = { allOf: [reference], default: {}, description: DESCRIPTIONS.metadata }
  return {
    ...schema,
    properties: {
      ...own,
      apiVersion: { type: 'string', description: DESCRIPTIONS.apiVersion },
      kind: { type: 'string', description: DESCRIPTIONS.kind },
      metadata: prefix === '#/components/schemas/' ? metadata : { ...reference, description: DESCRIPTIONS.metadata },
    },
    ...gvkOf(kind),
  }
}

function customList(kind: ApiKind, name: string, prefix: RefPrefix): SchemaDocument {
  const { group, version } = kind.type
  return {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      items: { type: 'array', items: { $ref: `${prefix}${name}` } },
      metadata: { $ref: `${prefix}${LIST_META}` },
    },
    'x-kubernetes-group-version-kind': [{ group, kind: kind.listKind, version }],
  }
}
