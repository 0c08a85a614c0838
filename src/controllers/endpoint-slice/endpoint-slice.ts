import type { Node } from '../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { endpointSlices, nodes, pods, services } from '../../api/generated/resources.ts'
import type { Informer } from '../../informer/informer.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import type { Source } from '../../reconcile/source.ts'
import { decideEndpointSlices, MANAGED_BY, SERVICE_NAME, SLICE_MANAGER } from './core.ts'
import { hasSelector, podsOf, podsOfServices } from './service-pods.ts'
import { createTriggerTimes } from './trigger-times.ts'
import { keepAllotments } from './zone-allotments.ts'
import type { KeptAllotments } from './zone-allotments.ts'
import { isReadyNode, ZONE, zoneShares } from './zone-shares.ts'

/** Writes down in EndpointSlices where the pods of each Service are. */
export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  eventSource: 'endpoint-slice-controller',
  build(context) {
    const serviceInformer = context.informer(services)
    const podInformer = context.informer(pods)
    const nodeInformer = context.informer(nodes)
    const slicesOf = managedSlices(context.informer(endpointSlices), SLICE_MANAGER)
    const triggers = createTriggerTimes()
    const zones = keepAllotments(() => zoneShares(nodeInformer.list()))
    let look: (key: string) => void = () => {}
    return {
      sources: [
        nodesThatCount(nodeInformer, zones, (add) => (look = add)),
        changesOf(serviceInformer),
        podsOfServices(podInformer, serviceInformer),
        slicesOf.source,
      ],
      reconcile(key) {
        if (key === ZONES) {
          zones.overloaded().forEach(look)
          return SETTLED
        }
        const service = serviceInformer.getByKey(key)
        if (service === undefined) {
          triggers.forget(key)
          zones.remove(key)
        }
        if (service === undefined || service.metadata.deletionTimestamp !== undefined) return SETTLED
        if (!hasSelector(service)) return SETTLED
        const selected = podsOf(podInformer, service)
        const triggerTime = triggers.since(service, selected)
        const nodeOf = (name: string) => nodeInformer.get({ name })
        return decideEndpointSlices({ service, pods: selected, slices: slicesOf.get(key), nodeOf, triggerTime, zones })
      },
    }
  },
}

/** Stands for all Services whose zones may have too few endpoints; a Service's key has a slash. */
const ZONES = 'zones'

/** Looks at {@link ZONES} when nodes come, go, or are ready or not, where a Service goes by zones. */
function nodesThatCount(
  nodes: Informer<Node>,
  zones: KeptAllotments,
  started: (add: (key: string) => void) => void,
): Source {
  return {
    start(add) {
      started(add)
      const look = () => {
        zones.nodesChanged()
        if (!zones.isEmpty) add(ZONES)
      }
      const matters = (node: Node, previous: Node) =>
        isReadyNode(node) !== isReadyNode(previous) || node.metadata.labels?.[ZONE] !== previous.metadata.labels?.[ZONE]
      const updated = (node: Node, previous: Node) => void (matters(node, previous) && look())
      return nodes.listen({ added: look, updated, deleted: look })
    },
  }
}

/** The slices that one controller manages, by the key of their service, and the changes of them. */
export function managedSlices(informer: Informer<EndpointSlice>, manager: string) {
  const index = `managed-by-${manager}`
  const serviceOf = ({ metadata: { labels, namespace } }: EndpointSlice): readonly string[] => {
    const name = labels?.[MANAGED_BY] === manager ? labels[SERVICE_NAME] : undefined
    return name === undefined ? [] : [`${namespace}/${name}`]
  }
  informer.addIndex(index, serviceOf)
  return { get: (key: string) => informer.by(index, key), source: changesOf(informer, serviceOf) }
}
