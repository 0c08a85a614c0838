import { nodes, pods } from '../api/generated/resources.ts'
import type { Pod } from '../api/generated/core-v1.ts'
import type { KubeObject } from '../api/object.ts'
import { hasReason } from '../api/meta/status.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Client } from '../client/client.ts'
import { systemEnvironment } from '../env/system.ts'
import { viewOf } from '../placement/cluster-view.ts'
import type { ViewKind } from '../placement/cluster-view.ts'
import { VIEWED } from '../placement/viewed-kinds.ts'
import type { Snapshot } from '../explain/trial.ts'

export interface ClusterSnapshot extends Snapshot {
  readonly pods: readonly Pod[]
}

/** The cluster as it is now, to try things on. What the user may not list is left out, apart from nodes and pods. */
export async function takeSnapshot(client: Client): Promise<ClusterSnapshot> {
  const [allNodes, allPods, others] = await Promise.all([client.list(nodes), client.list(pods), otherObjects(client)])
  const view = viewOf(allNodes.items, allPods.items, others)
  return { view, pods: allPods.items, random: systemEnvironment('error').random }
}

/** What a view holds beside nodes and pods. */
export async function otherObjects(client: Client): Promise<readonly (readonly [ViewKind, KubeObject])[]> {
  const each = VIEWED.map(async ([kind, type]) => (await listed(client, type)).map((object) => [kind, object] as const))
  return (await Promise.all(each)).flat()
}

async function listed(client: Client, type: ResourceType): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(type)).items
  } catch (error) {
    if (hasReason(error, 'Forbidden') || hasReason(error, 'NotFound')) return []
    throw error
  }
}
