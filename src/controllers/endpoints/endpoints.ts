import type { Endpoints } from '../../api/generated/core-v1.ts'
import { endpoints, pods, services } from '../../api/generated/resources.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { changesOf, ownKey } from '../../reconcile/source.ts'
import { hasSelector, podsOf, podsOfServices } from '../endpoint-slice/service-pods.ts'
import { createTriggerTimes } from '../endpoint-slice/trigger-times.ts'
import { decideEndpoints, ENDPOINTS_MANAGED_BY, ENDPOINTS_MANAGER } from './core.ts'

/** Keeps the Endpoints object of each Service that selects pods. */
export const endpointsController: Controller = {
  name: ENDPOINTS_MANAGER,
  build(context) {
    const serviceInformer = context.informer(services)
    const podInformer = context.informer(pods)
    const informer = context.informer(endpoints)
    const triggers = createTriggerTimes()
    // Others' objects are not looked at: they may have no service, and are no concern of ours.
    const managed = (one: Endpoints) =>
      one.metadata.labels?.[ENDPOINTS_MANAGED_BY] === ENDPOINTS_MANAGER ? ownKey(one) : []
    return {
      sources: [changesOf(serviceInformer), podsOfServices(podInformer, serviceInformer), changesOf(informer, managed)],
      reconcile(key) {
        const service = serviceInformer.getByKey(key)
        if (service === undefined) triggers.forget(key)
        const selected = service !== undefined && hasSelector(service) ? podsOf(podInformer, service) : []
        const triggerTime = service === undefined ? undefined : triggers.since(service, selected)
        return decideEndpoints({ service, pods: selected, endpoints: informer.getByKey(key), triggerTime })
      },
    }
  },
}
