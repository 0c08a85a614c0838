import type { Catalog } from '../verbs/served-resource.ts'

/**
 * Whether Kubernetes has routes below a group's path: of what lies there it says in a Status that it is not found, of all
 * else in plain text. Groups of definitions have none.
 */
export function hasRoutes(catalog: Pick<Catalog, 'all'>, group: string): boolean {
  for (const { type, definition } of catalog.all()) if (type.group === group && definition === undefined) return true
  return false
}
