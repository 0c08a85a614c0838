import { apiVersionOf, groupResourceOf } from '../../api/resource-type.ts'
import type { Definition } from '../custom/json-schema.ts'
import type { ServedResource } from './served-resource.ts'

const DEPRECATED: Readonly<Record<string, string>> = {
  componentstatuses: 'v1 ComponentStatus is deprecated in v1.19+',
  endpoints: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
}

/** What every answer warns of where a resource should no longer be used. */
export function deprecationOf({ type, definition }: ServedResource): string | undefined {
  if (definition === undefined) return DEPRECATED[groupResourceOf(type)]
  const version = (definition as Definition).spec.versions.find(({ name }) => name === type.version)
  if (version?.deprecated !== true) return undefined
  return version.deprecationWarning ?? `${apiVersionOf(type)} ${type.kind} is deprecated`
}
