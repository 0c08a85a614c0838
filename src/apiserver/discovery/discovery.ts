import type { Registry } from '../../api/registry.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import type { ResourceType, Subresource } from '../../api/resource-type.ts'

/** What discovery reads of the registry. */
export type DiscoverySource = Pick<Registry, 'all' | 'groups'>

/** The documents in which clients look up what the server serves, both the older and the aggregated forms. */
export interface Discovery {
  /** `/api` */
  readonly versions: unknown
  /** `/apis` */
  readonly groups: unknown
  /** `/apis/<group>`; undefined where there is no such group. */
  group(name: string): unknown
  /** `/api/v1` and `/apis/<group>/<version>`. */
  resources(group: string, version: string): unknown
  /** The aggregated documents: of `/api` where `core`, else of `/apis`. */
  aggregated(core: boolean, version: string): unknown
}

/** Made from the registry as it is now; whoever keeps one makes another when the registry changes. */
export function createDiscovery(source: DiscoverySource, serverAddress: string): Discovery {
  const types = [...source.all()].map(({ type }) => type)
  const named = source.groups().filter(({ name }) => name !== '')
  const groups = named.map(({ name, versions }) => groupDocument(name, versions))
  const typesOf = (group: string, version: string) =>
    types.filter((type) => type.group === group && type.version === version).sort(byPlural)
  return {
    versions: {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
    },
    groups: { kind: 'APIGroupList', apiVersion: 'v1', groups },
    group(name) {
      const group = groups.find((each) => each.name === name)
      return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...group }
    },
    resources(group, version) {
      const served = typesOf(group, version)
      if (served.length === 0) return undefined
      return resourceList(group, version, served)
    },
    aggregated(core, version) {
      const shown = source.groups().filter(({ name }) => (name === '') === core)
      const items = shown.map((group) => aggregatedGroup(group.name, group.versions, typesOf))
      return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items }
    },
  }
}

const byPlural = (a: ResourceType, b: ResourceType): number => (a.plural < b.plural ? -1 : 1)

function groupDocument(name: string, versions: readonly string[]) {
  const documents = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: documents, preferredVersion: documents[0] }
}

/** The core group's list has no apiVersion, as Kubernetes writes it. */
function resourceList(group: string, version: string, types: readonly ResourceType[]) {
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: types.flatMap((type) => [
      resourceDocument(type),
      ...type.subresources.map((part) => subresourceDocument(type, part)),
    ]),
  }
}

function resourceDocument(type: ResourceType) {
  return {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: type.verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
  }
}

function subresourceDocument(type: ResourceType, part: Subresource) {
  const ownKind = part.group === undefined && part.version === undefined
  return {
    name: `${type.plural}/${part.name}`,
    singularName: '',
    namespaced: type.namespaced,
    ...(ownKind ? {} : { group: part.group, version: part.version }),
    kind: part.kind,
    verbs: part.verbs,
  }
}

type TypesOf = (group: string, version: string) => readonly ResourceType[]

function aggregatedGroup(name: string, versions: readonly string[], typesOf: TypesOf) {
  return {
    metadata: name === '' ? { creationTimestamp: null } : { name, creationTimestamp: null },
    versions: versions.map((version) => ({
      version,
      resources: typesOf(name, version).map(aggregatedResource),
      freshness: 'Current',
    })),
  }
}

function aggregatedResource(type: ResourceType) {
  return {
    resource: type.plural,
    responseKind: { group: type.group, version: type.version, kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    ...(type.subresources.length === 0 ? {} : { subresources: type.subresources.map((p) => aggregatedPart(type, p)) }),
  }
}

function aggregatedPart(type: ResourceType, part: Subresource) {
  const { group = type.group, version = type.version, kind } = part
  return { subresource: part.name, responseKind: { group, version, kind }, verbs: part.verbs }
}
