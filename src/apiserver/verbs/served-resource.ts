import type { ApiKind, Registry } from '../../api/registry.ts'

/** A resource at one version, as it is served now: built in, or defined by a CustomResourceDefinition. */
export type ServedResource = ApiKind

/** Every resource that is served now. */
export type Catalog = Registry
