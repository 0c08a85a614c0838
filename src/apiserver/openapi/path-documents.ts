import type { ApiKind } from '../../api/registry.ts'
import type { Verb } from '../../api/resource-type.ts'
import { definitionName } from './definitions.ts'

/**
 * The paths of a resource with their operations, as far as clients look at them: which kind each is about, what it takes
 * (kubectl asks whether `fieldValidation` and `dryRun` are known) and what it answers.
 */
export function pathDocuments(kind: ApiKind): Readonly<Record<string, unknown>> {
  const { type } = kind
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  const collection = type.namespaced ? `${root}/namespaces/{namespace}/${type.plural}` : `${root}/${type.plural}`
  const parameters = type.namespaced ? [pathParameter('namespace')] : []
  const named = [...parameters, pathParameter('name')]
  const paths: Record<string, unknown> = {
    [collection]: { ...operations(kind, COLLECTION_VERBS, type.verbs), parameters },
    [`${collection}/{name}`]: { ...operations(kind, OBJECT_VERBS, type.verbs), parameters: named },
  }
  if (type.namespaced && type.verbs.includes('list')) {
    paths[`${root}/${type.plural}`] = operations(kind, ['list'], type.verbs)
  }
  for (const part of type.subresources) {
    const described = operations(kind, part.verbs, part.verbs, part)
    paths[`${collection}/{name}/${part.name}`] = { ...described, parameters: named }
  }
  return paths
}

const COLLECTION_VERBS: readonly Verb[] = ['list', 'create', 'deletecollection']
const OBJECT_VERBS: readonly Verb[] = ['get', 'update', 'patch', 'delete']

const METHODS: Readonly<Record<Verb, readonly [method: string, action: string]>> = {
  list: ['get', 'list'],
  watch: ['get', 'watch'],
  get: ['get', 'get'],
  create: ['post', 'post'],
  update: ['put', 'put'],
  patch: ['patch', 'patch'],
  delete: ['delete', 'delete'],
  deletecollection: ['delete', 'deletecollection'],
}

const PATCH_TYPES = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json']

type Part = ApiKind['type']['subresources'][number]

function operations(kind: ApiKind, verbs: readonly Verb[], served: readonly Verb[], part?: Part) {
  const found = verbs
    .filter((verb) => served.includes(verb))
    .map((verb) => [METHODS[verb][0], operation(kind, verb, part)])
  return Object.fromEntries(found) as Readonly<Record<string, unknown>>
}

function operation(kind: ApiKind, verb: Verb, part?: Part) {
  const { type } = kind
  const own = { group: type.group, kind: type.kind, version: type.version }
  const about =
    part === undefined ? own : { group: part.group ?? own.group, kind: part.kind, version: part.version ?? own.version }
  const name = definitionName(kind)
  const schema = { $ref: `#/components/schemas/${verb === 'list' ? `${name}List` : name}` }
  const content = { 'application/json': { schema }, 'application/yaml': { schema } }
  const bodies = verb === 'patch' ? patchBodies(kind) : content
  return {
    'x-kubernetes-action': METHODS[verb][1],
    'x-kubernetes-group-version-kind': about,
    parameters: QUERY_PARAMETERS[verb].map(queryParameter),
    ...(['create', 'update', 'patch'].includes(verb) ? { requestBody: { content: bodies, required: true } } : {}),
    responses: { 200: { description: 'OK', content } },
  }
}

function patchBodies({ definition }: ApiKind) {
  const types = definition === undefined ? [...PATCH_TYPES, 'application/strategic-merge-patch+json'] : PATCH_TYPES
  const schema = { type: 'object' }
  return Object.fromEntries(types.map((type) => [type, { schema }]))
}

const WRITE = ['dryRun', 'fieldManager', 'fieldValidation']
const SELECT = ['continue', 'fieldSelector', 'labelSelector', 'limit', 'resourceVersion', 'resourceVersionMatch']

const QUERY_PARAMETERS: Readonly<Record<Verb, readonly string[]>> = {
  get: [],
  list: ['allowWatchBookmarks', ...SELECT, 'sendInitialEvents', 'timeoutSeconds', 'watch'],
  watch: [],
  create: WRITE,
  update: WRITE,
  patch: [...WRITE, 'force'],
  delete: ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy'],
  deletecollection: [...SELECT, 'dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy'],
}

const NUMBERS = new Set(['gracePeriodSeconds', 'limit', 'timeoutSeconds'])
const FLAGS = new Set(['allowWatchBookmarks', 'force', 'orphanDependents', 'sendInitialEvents', 'watch'])

function queryParameter(name: string) {
  const type = NUMBERS.has(name) ? 'integer' : FLAGS.has(name) ? 'boolean' : 'string'
  return { name, in: 'query', schema: { type, uniqueItems: true } }
}

function pathParameter(name: string) {
  return { name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } }
}
