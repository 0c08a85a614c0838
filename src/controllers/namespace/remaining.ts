import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'

/** What is left of one resource in the namespace. */
export interface Remaining {
  readonly type: ResourceType
  readonly items: readonly KubeObject[]
}

/** Lists what is left in a namespace; a resource that the server does not serve (any more) has nothing left. */
export async function listRemaining(
  client: Client,
  types: readonly ResourceType[],
  namespace: string,
): Promise<readonly Remaining[]> {
  const listed = await Promise.all(types.map((type) => listOne(client, type, namespace)))
  return listed.filter(({ items }) => items.length > 0)
}

async function listOne(client: Client, type: ResourceType, namespace: string): Promise<Remaining> {
  try {
    return { type, items: (await client.list(type, { namespace })).items }
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'MethodNotAllowed')) return { type, items: [] }
    throw error
  }
}
