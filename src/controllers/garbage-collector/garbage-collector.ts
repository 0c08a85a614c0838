import type { OwnerReference } from '../../api/generated/meta-v1.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { KubeObject, ObjectKey } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { servedResources } from '../served-resources/served-resources.ts'
import type { ServedResources } from '../served-resources/served-resources.ts'
import { decideCollect, needsOwners } from './core.ts'
import type { OwnerState } from './core.ts'
import { createOwnerGraph, isDeletingDependents, nodeOf } from './graph.ts'
import type { GraphNode, OwnerGraph } from './graph.ts'
import { ownershipOf } from './sources.ts'

/**
 * Deletes objects whose owners are gone, over all resources, custom ones too. The graph says what may have to go; before
 * anything does, the server is asked for the object and for the owners that the graph does not know. Keys are uids.
 */
export const garbageCollector: Controller = {
  name: 'generic-garbage-collector',
  build(context) {
    const graph = createOwnerGraph()
    const served = servedResources(context)
    const { client } = context
    return {
      sources: [ownershipOf(context, served, graph)],
      concurrency: 20,
      async reconcile(uid) {
        const known = graph.get(uid)
        if (known === undefined || isSettled(known, graph)) return SETTLED
        const live = await get(client, known.type, known.key)
        if (live?.metadata.uid !== uid) return SETTLED // Its deletion is on the way to us.
        const node = nodeOf(known.type, live)
        const owners = needsOwners(node) ? await ownerStates(client, served, graph, node) : new Map()
        return decideCollect({ node, dependents: graph.dependentsOf(uid), owners })
      },
    }
  },
}

/** Whether the graph alone shows that there is nothing to do. */
function isSettled(node: GraphNode, graph: OwnerGraph): boolean {
  if (node.isBeingDeleted) return node.finalizers.length === 0
  return node.owners.every(({ uid }) => {
    const owner = graph.get(uid)
    return owner !== undefined && !isDeletingDependents(owner)
  })
}

async function ownerStates(
  client: Client,
  served: ServedResources,
  graph: OwnerGraph,
  node: GraphNode,
): Promise<Map<string, OwnerState>> {
  const states = node.owners.map(async (owner) => {
    return [owner.uid, await ownerState(client, served, graph, node, owner)] as const
  })
  return new Map(await Promise.all(states))
}

async function ownerState(
  client: Client,
  served: ServedResources,
  graph: OwnerGraph,
  node: GraphNode,
  owner: OwnerReference,
): Promise<OwnerState> {
  const known = graph.get(owner.uid)
  if (known !== undefined) return isDeletingDependents(known) ? 'waiting' : 'solid'
  const type = served.find(owner.apiVersion, owner.kind)
  // Of a kind that is not served nothing can be known: such an owner is never taken to be gone.
  if (type === undefined)
    throw new Error(`Cannot find owner ${owner.kind} "${owner.name}": ${owner.apiVersion} is not served`)
  if (type.namespaced && node.key.namespace === undefined) return 'solid'
  const key = type.namespaced ? { namespace: node.key.namespace!, name: owner.name } : { name: owner.name }
  const live = await get(client, type, key)
  if (live?.metadata.uid !== owner.uid) return 'absent'
  return isDeletingDependents(nodeOf(type, live)) ? 'waiting' : 'solid'
}

async function get(client: Client, type: ResourceType, key: ObjectKey): Promise<KubeObject | undefined> {
  try {
    return await client.get(type, key)
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}
