import type { KubeObject } from './object.ts'
import type { ResourceType } from './resource-type.ts'
import type { Schema } from './schema/schema.ts'
import type { Strategy } from './strategy/strategy.ts'

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
  schema(): Schema
  /** The definition that a custom resource comes from; absent for built-in ones. */
  readonly definition?: KubeObject
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
  throw new Error('not built yet')
}
