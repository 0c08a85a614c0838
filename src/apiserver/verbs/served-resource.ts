import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'

/** A resource at one version, as it is served now: built in, or defined by a CustomResourceDefinition. */
export interface ServedResource {
  readonly type: ResourceType
  /** Name of its map in the store, such as `pods` or `deployments.apps`: one for all versions that are served of it. */
  readonly storage: string
  /** Kind of its lists, such as `PodList`. */
  readonly listKind: string
  /** The definition that a custom resource comes from, with its schema and printed columns; absent for built-in ones. */
  readonly definition?: KubeObject
}

/** Every resource that is served now. Custom resources come and go; a listener hears of it after the change. */
export interface Catalog {
  find(group: string, version: string, plural: string): ServedResource | undefined
  /** By kind, as bodies and owner references name it. */
  findKind(group: string, version: string, kind: string): ServedResource | undefined
  all(): Iterable<ServedResource>
  /** Returns the way to stop. */
  onChange(listener: () => void): () => void
}
