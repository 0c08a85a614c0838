/** A valid object that mutations start from, rich enough that most fields have neighbours. */
export interface Base {
  readonly resource: string
  readonly definition: string
  readonly object: Readonly<Record<string, unknown>>
  /** Whether the fields of pod specs within it are tried too. */
  readonly deep?: boolean
}

/** Objects that lie in no namespace stay behind where a controller would have to let them go: each run has names of its own. */
export const CLUSTER_NAME = `cluster-wide-${process.pid}`

/** An object of a kind, with the name of its published definition. */
export function base(
  apiVersion: string,
  kind: string,
  resource: string,
  name: string,
  rest: object,
  definition?: string,
): Base {
  const [group = '', version = apiVersion] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  const namespace = definition ?? `io.k8s.api.${group.split('.')[0]}.${version}.${kind}`
  return { resource, definition: namespace, object: { apiVersion, kind, metadata: { name }, ...rest } }
}
