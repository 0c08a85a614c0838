/** A group in the older form of discovery. */
export function groupDocument(name: string, versions: readonly string[]) {
  const documents = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: documents, preferredVersion: documents[0] }
}

interface Resource {
  readonly name: string
  readonly singularName?: string
  readonly namespaced?: boolean
  readonly group?: string
  readonly version?: string
  readonly kind: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

/** A group in the newer form, made of what its versions' servers say in the older one: stale where one says nothing. */
export function aggregatedDocument(
  group: string,
  versions: readonly { readonly version: string; readonly resources: unknown }[],
) {
  return {
    metadata: { name: group, creationTimestamp: null },
    versions: versions.map(({ version, resources }) => {
      const list = (resources as { readonly resources?: readonly Resource[] } | undefined)?.resources
      return {
        version,
        resources: list === undefined ? [] : aggregatedResources(group, version, list),
        freshness: list === undefined ? 'Stale' : 'Current',
      }
    }),
  }
}

function aggregatedResources(group: string, version: string, list: readonly Resource[]) {
  const kindOf = (one: Resource) => ({ group: one.group ?? group, version: one.version ?? version, kind: one.kind })
  return list
    .filter(({ name }) => !name.includes('/'))
    .map((one) => {
      const parts = list.filter(({ name }) => name.startsWith(`${one.name}/`))
      const subresources = parts.map((part) => ({
        subresource: part.name.slice(one.name.length + 1),
        responseKind: kindOf(part),
        verbs: part.verbs,
      }))
      return {
        resource: one.name,
        responseKind: kindOf(one),
        scope: one.namespaced === true ? 'Namespaced' : 'Cluster',
        singularResource: one.singularName ?? '',
        verbs: one.verbs,
        ...(one.shortNames !== undefined && { shortNames: one.shortNames }),
        ...(one.categories !== undefined && { categories: one.categories }),
        ...(subresources.length > 0 && { subresources }),
      }
    })
}
