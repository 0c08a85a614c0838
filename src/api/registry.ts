import { BUILT_IN_RESOURCES } from './generated/resources.ts'
import type { KubeObject } from './object.ts'
import type { ResourceType } from './resource-type.ts'
import { groupResourceOf } from './resource-type.ts'
import { schemaOf } from './schema/schema.ts'
import type { ObjectSchema } from './schema/schema.ts'
import { strategyOf } from './strategy/strategy.ts'
import type { Strategy } from './strategy/strategy.ts'
import { GROUP_ORDER, SERVED_VERSIONS } from './served-groups.ts'

/** A resource at one version, as it is served now: built in, or defined by a CustomResourceDefinition. */
export interface ApiKind {
  readonly type: ResourceType
  /** Name of its map in the store, such as `pods` or `deployments.apps`: one for all versions that are served of it. */
  readonly storage: string
  /** The version whose form is stored. */
  readonly storageType: ResourceType
  /** Kind of its lists, such as `PodList`. */
  readonly listKind: string
  readonly strategy: Strategy
  /** Of this version; compiled on first use. */
  schema(): ObjectSchema
  /** The definition that a custom resource comes from; absent for built-in ones. */
  readonly definition?: KubeObject
  /** False where OpenAPI says nothing of it. Default true. */
  readonly isDescribed?: boolean
}

/** An API group as discovery shows it: versions in order of preference, the first preferred. */
export interface ApiGroup {
  readonly name: string
  readonly versions: readonly string[]
}

/** Every resource that is served now. Built-in ones stay; custom ones come and go. */
export interface Registry {
  find(group: string, version: string, plural: string): ApiKind | undefined
  findKind(group: string, version: string, kind: string): ApiKind | undefined
  all(): Iterable<ApiKind>
  /** In discovery's order, the core group first. */
  groups(): readonly ApiGroup[]
  /** Serves all versions of a custom resource, in place of those it had: `storage` names it. */
  serve(storage: string, kinds: readonly ApiKind[]): void
  remove(storage: string): void
  /** `listener` hears of every change of the custom resources, after it. Returns the way to stop. */
  onChange(listener: () => void): () => void
}

/** A registry of the built-in kinds. */
export function createRegistry(): Registry {
  const byPath = new Map<string, ApiKind>()
  const byKind = new Map<string, ApiKind>()
  const custom = new Map<string, readonly ApiKind[]>()
  const listeners = new Set<() => void>()
  const add = (kind: ApiKind) => {
    byPath.set(pathKey(kind.type.group, kind.type.version, kind.type.plural), kind)
    byKind.set(pathKey(kind.type.group, kind.type.version, kind.type.kind), kind)
  }
  const drop = (storage: string) => {
    for (const { type } of custom.get(storage) ?? []) {
      byPath.delete(pathKey(type.group, type.version, type.plural))
      byKind.delete(pathKey(type.group, type.version, type.kind))
    }
    custom.delete(storage)
  }
  const changed = () => listeners.forEach((listener) => listener())
  for (const kind of builtInKinds()) add(kind)
  return {
    find: (group, version, plural) => byPath.get(pathKey(group, version, plural)),
    findKind: (group, version, kind) => byKind.get(pathKey(group, version, kind)),
    all: () => byPath.values(),
    groups: () => groupsOf(byPath.values()),
    serve(storage, kinds) {
      drop(storage)
      custom.set(storage, kinds)
      kinds.forEach(add)
      changed()
    },
    remove(storage) {
      drop(storage)
      changed()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

const pathKey = (group: string, version: string, name: string) => `${group}/${version}/${name}`

/** Kinds that are served in two groups and stored once: the group that stores them. */
const STORED_AS: Readonly<Record<string, string>> = { 'events.events.k8s.io': 'events' }

let builtIn: readonly ApiKind[] | undefined

/** The built-in kinds that a server serves by default; made once, they are shared by all registries. */
export function builtInKinds(): readonly ApiKind[] {
  if (builtIn !== undefined) return builtIn
  const served = BUILT_IN_RESOURCES.filter((type) => SERVED_VERSIONS.has(`${type.group}/${type.version}`))
  builtIn = served.map((type) => builtInKind(type, served))
  return builtIn
}

function builtInKind(type: ResourceType, served: readonly ResourceType[]): ApiKind {
  const own = groupResourceOf(type)
  const storage = STORED_AS[own] ?? own
  const forms = served.filter((one) => groupResourceOf(one) === storage)
  const storageType = forms.toSorted((a, b) => compareVersions(a.version, b.version))[0] ?? type
  const strategy = strategyOf(type)
  return { type, storage, storageType, listKind: `${type.kind}List`, strategy, schema: () => schemaOf(type.definition) }
}

/** Kubernetes' order of versions: stable before beta before alpha, then the higher number first. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionRank(a), versionRank(b)]
  for (let i = 0; i < 3; i++) {
    const difference = (right[i] ?? 0) - (left[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a < b ? -1 : a > b ? 1 : 0
}

function versionRank(version: string): readonly number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return [0, 0, 0]
  const stage = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1
  return [stage, Number(match[1]), Number(match[3] ?? 0)]
}

function groupsOf(kinds: Iterable<ApiKind>): readonly ApiGroup[] {
  const versions = new Map<string, Set<string>>()
  for (const { type } of kinds) {
    const known = versions.get(type.group) ?? new Set()
    versions.set(type.group, known.add(type.version))
  }
  const rank = (name: string) => (GROUP_ORDER.includes(name) ? GROUP_ORDER.indexOf(name) : GROUP_ORDER.length)
  const names = [...versions.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return names.map((name) => ({ name, versions: [...(versions.get(name) ?? [])].sort(compareVersions) }))
}
