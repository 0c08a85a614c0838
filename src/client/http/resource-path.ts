import type { ObjectKey } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'

/** The path of a collection: of one namespace, or of all where it is absent. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  return `${root}${within}/${type.plural}`
}

export function objectPath(type: ResourceType, key: ObjectKey, subresource?: string): string {
  const part = subresource === undefined ? '' : `/${subresource}`
  return `${collectionPath(type, key.namespace)}/${encodeURIComponent(key.name)}${part}`
}

/** `?a=b`, or nothing; what is undefined is left out. */
export function queryString(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
