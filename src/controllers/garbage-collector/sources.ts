import type { ResourceType } from '../../api/resource-type.ts'
import { apiVersionOf, groupResourceOf } from '../../api/resource-type.ts'
import type { ControllerContext } from '../../reconcile/reconciler.ts'
import type { Source } from '../../reconcile/source.ts'
import type { ServedResources } from '../served-resources/served-resources.ts'
import type { OwnerGraph } from './graph.ts'

/** Resources whose objects no one owns and nothing depends on, and which come in great numbers. */
const IGNORED = new Set(['events', 'events.events.k8s.io'])

/**
 * Feeds the graph from an informer for each resource that can be deleted, and follows custom resources as they come and go.
 * A resource that cannot be listed is left out until it can: its objects are then asked for one by one.
 */
export function ownershipOf(context: ControllerContext, served: ServedResources, graph: OwnerGraph): Source {
  return {
    start(add) {
      const stops = new Map<string, () => void>()
      const addAll = (uids: readonly string[]) => {
        for (const uid of uids) add(uid)
      }
      const follow = (type: ResourceType) =>
        context.informers.of(type).listen({
          added: (object) => addAll(graph.put(type, object)),
          updated: (object) => addAll(graph.put(type, object)),
          deleted: (object) => addAll(graph.remove(object.metadata.uid!)),
        })
      const adjust = () => {
        const wanted = new Map(
          served
            .all()
            .filter(isFollowed)
            .map((type) => [idOf(type), type]),
        )
        for (const [id, type] of wanted) {
          if (!stops.has(id)) stops.set(id, follow(type))
        }
        for (const [id, stop] of stops) {
          if (wanted.has(id)) continue
          stop()
          stops.delete(id)
        }
      }
      adjust()
      const stopListening = served.listen(adjust)
      return () => {
        stopListening()
        for (const stop of stops.values()) stop()
      }
    },
  }
}

function isFollowed(type: ResourceType): boolean {
  const can = (verb: 'delete' | 'list' | 'watch') => type.verbs.includes(verb)
  return can('delete') && can('list') && can('watch') && !IGNORED.has(groupResourceOf(type))
}

function idOf(type: ResourceType): string {
  return `${apiVersionOf(type)}/${type.plural}`
}
