import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import { endpointSlices, nodes, pods, services } from '../../api/generated/resources.ts'
import type { Informer } from '../../informer/informer.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { decideEndpointSlices, MANAGED_BY, SERVICE_NAME, SLICE_MANAGER } from './core.ts'
import { hasSelector, podsOf, podsOfServices } from './service-pods.ts'
import { createTriggerTimes } from './trigger-times.ts'

/** Writes down in EndpointSlices where the pods of each Service are. */
export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  build(context) {
    const serviceInformer = context.informer(services)
    const podInformer = context.informer(pods)
    const nodeInformer = context.informer(nodes)
    const slicesOf = managedSlices(context.informer(endpointSlices), SLICE_MANAGER)
    const triggers = createTriggerTimes()
    return {
      sources: [changesOf(serviceInformer), podsOfServices(podInformer, serviceInformer), slicesOf.source],
      reconcile(key) {
        const service = serviceInformer.getByKey(key)
        if (service === undefined) triggers.forget(key)
        if (service === undefined || service.metadata.deletionTimestamp !== undefined) return SETTLED
        if (!hasSelector(service)) return SETTLED
        const selected = podsOf(podInformer, service)
        const triggerTime = triggers.since(service, selected)
        const nodeOf = (name: string) => nodeInformer.get({ name })
        return decideEndpointSlices({ service, pods: selected, slices: slicesOf.get(key), nodeOf, triggerTime })
      },
    }
  },
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
