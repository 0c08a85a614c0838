import { BUILT_IN_RESOURCES } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import type { ResourceType } from '../../src/api/resource-type.ts'
import type { Client } from '../../src/client/client.ts'

/** By one of the names that kubectl takes. */
export function resourceOf(name: string): ResourceType {
  const type = BUILT_IN_RESOURCES.find((one) => [one.plural, one.singular, ...one.shortNames].includes(name))
  if (type === undefined) throw new Error(`no resource ${name}`)
  return type
}

/** The resource of a kind, in the version of an object or the first that there is. */
export function typeOf(kind: string, apiVersion?: string): ResourceType {
  const candidates = BUILT_IN_RESOURCES.filter((one) => one.kind === kind && one.group !== 'events.k8s.io')
  const isAsked = ({ group, version }: ResourceType) => `${group === '' ? '' : `${group}/`}${version}` === apiVersion
  const type = candidates.find(isAsked) ?? candidates[0]
  if (type === undefined) throw new Error(`no resource of kind ${kind}`)
  return type
}

/** Creates an object of a scenario in its namespace. */
export async function create(client: Client, object: KubeObject, namespace: string): Promise<void> {
  const type = typeOf(object.kind, object.apiVersion)
  const metadata = type.namespaced ? { ...object.metadata, namespace } : object.metadata
  await client.create(type, { ...object, metadata })
}

