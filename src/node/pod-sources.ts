import type { ConfigMap, Secret } from '../api/generated/core-v1.ts'
import { configMaps, secrets } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'

/** The bytes of each key of a config map or secret. */
export type SourceData = ReadonlyMap<string, Uint8Array>

/** The data of a config map; undefined where there is none of that name. */
export async function configMapData(client: Client, namespace: string, name: string): Promise<SourceData | undefined> {
  const map: ConfigMap | undefined = await find(client, configMaps, namespace, name)
  if (map === undefined) return undefined
  const text = Object.entries(map.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const)
  const binary = Object.entries(map.binaryData ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
  )
  return new Map([...text, ...binary])
}

/** The data of a secret; undefined where there is none of that name. */
export async function secretData(client: Client, namespace: string, name: string): Promise<SourceData | undefined> {
  const secret: Secret | undefined = await find(client, secrets, namespace, name)
  if (secret === undefined) return undefined
  return new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')]))
}

async function find<T extends KubeObject>(client: Client, type: ResourceType<T>, namespace: string, name: string) {
  try {
    return await client.get(type, { namespace, name })
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}
