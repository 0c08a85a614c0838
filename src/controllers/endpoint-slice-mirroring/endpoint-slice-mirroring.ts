import { endpoints, endpointSlices, services } from '../../api/generated/resources.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { managedSlices } from '../endpoint-slice/endpoint-slice.ts'
import { decideMirror, MIRROR_MANAGER } from './core.ts'

/** Mirrors Endpoints without a selecting Service into EndpointSlices. */
export const endpointSliceMirroringController: Controller = {
  name: 'endpointslicemirroring-controller',
  build(context) {
    const endpointsInformer = context.informer(endpoints)
    const serviceInformer = context.informer(services)
    const slicesOf = managedSlices(context.informer(endpointSlices), MIRROR_MANAGER)
    return {
      sources: [changesOf(endpointsInformer), changesOf(serviceInformer), slicesOf.source],
      reconcile(key) {
        const service = serviceInformer.getByKey(key)
        return decideMirror({ endpoints: endpointsInformer.getByKey(key), service, slices: slicesOf.get(key) })
      },
    }
  },
}
