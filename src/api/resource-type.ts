import type { KubeObject } from './object.ts'

/** A verb of Kubernetes' API, as discovery lists it and authorization asks about it. */
export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/** A part of a resource with endpoints of its own, such as `status`, `scale`, `binding` or `log`. */
export interface Subresource {
  readonly name: string
  readonly verbs: readonly Verb[]
  /** The kind that it exchanges where that is not the resource's own, such as autoscaling/v1 Scale. */
  readonly group?: string
  readonly version?: string
  readonly kind: string
}

/**
 * One kind at one group and version, as data: what discovery says of it and where its schema lies. `T` is the type of its
 * objects, carried for the client's typed verbs and absent at run time.
 */
export interface ResourceType<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Lower-case plural, as it stands in paths. */
  readonly plural: string
  readonly singular: string
  readonly namespaced: boolean
  readonly verbs: readonly Verb[]
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly subresources: readonly Subresource[]
  /** Name of the object's schema among the API's definitions; custom resources carry theirs in their definition object. */
  readonly definition: string
  readonly objectType?: T
}

const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/**
 * A resource that is not built in, for a client: that of a custom definition, or of an API server that is aggregated.
 * Namespaced unless told otherwise.
 *
 * @example
 * const sites = customResource<Site>({ group: 'example.com', version: 'v1', kind: 'Site', plural: 'sites' })
 */
export function customResource<T extends KubeObject>(
  named: Pick<ResourceType, 'group' | 'version' | 'kind' | 'plural'> & { readonly namespaced?: boolean },
): ResourceType<T> {
  const unknown = { shortNames: [], categories: [], subresources: [], definition: '' }
  return { namespaced: true, ...named, singular: named.kind.toLowerCase(), verbs: ALL_VERBS, ...unknown }
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(type: { readonly group: string; readonly version: string }): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`
}

/** `deployments.apps`, or `pods` for the core group: how a resource is named irrespective of version. */
export function groupResourceOf(type: { readonly group: string; readonly plural: string }): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`
}
