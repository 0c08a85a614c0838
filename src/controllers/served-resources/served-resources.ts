import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import { BUILT_IN_RESOURCES, customResourceDefinitions } from '../../api/generated/resources.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { SERVED_VERSIONS } from '../../api/served-groups.ts'
import { groupResourceOf } from '../../api/resource-type.ts'
import type { ControllerContext } from '../../reconcile/reconciler.ts'
import { compareVersions } from './version-order.ts'

/** The resources that the API server serves, each at one version: the built-in ones, and the custom ones as they come. */
export interface ServedResources {
  all(): readonly ResourceType[]
  /** The resource of an object that says it is of `kind` at `apiVersion`. */
  find(apiVersion: string, kind: string): ResourceType | undefined
  /** Calls `changed` whenever a custom resource comes or goes. */
  listen(changed: () => void): () => void
}

export function servedResources(context: ControllerContext): ServedResources {
  const definitions = context.informer(customResourceDefinitions)
  const all = () => [...PREFERRED, ...definitions.list().flatMap(customResource)]
  return {
    all,
    find(apiVersion, kind) {
      const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
      return all().find((type) => type.group === group && type.kind === kind)
    },
    listen: (changed) => definitions.listen({ added: changed, updated: changed, deleted: changed }),
  }
}

const isServed = ({ group, version }: ResourceType) => SERVED_VERSIONS.has(`${group}/${version}`)

/** Built-in resources at the version that Kubernetes prefers, without those that are off or only answer questions. */
const PREFERRED: readonly ResourceType[] = preferred(
  BUILT_IN_RESOURCES.filter((type) => type.verbs.includes('list') && isServed(type)),
)

function preferred(types: readonly ResourceType[]): ResourceType[] {
  const best = new Map<string, ResourceType>()
  for (const type of types) {
    const known = best.get(groupResourceOf(type))
    if (known === undefined || compareVersions(type.version, known.version) < 0) best.set(groupResourceOf(type), type)
  }
  return [...best.values()]
}

function customResource(definition: CustomResourceDefinition): ResourceType[] {
  const { group, names, scope, versions } = definition.spec
  const isEstablished = definition.status?.conditions?.some(
    ({ type, status }) => type === 'Established' && status === 'True',
  )
  const version = versions
    .filter((one) => one.served)
    .map((one) => one.name)
    .sort(compareVersions)[0]
  if (isEstablished !== true || version === undefined) return []
  return [
    {
      group,
      version,
      kind: names.kind,
      plural: names.plural,
      singular: names.singular ?? names.kind.toLowerCase(),
      namespaced: scope === 'Namespaced',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      subresources: [],
      definition: '',
    },
  ]
}
