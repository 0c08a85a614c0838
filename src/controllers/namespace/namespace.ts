import type { Pod } from '../../api/generated/core-v1.ts'
import { namespaces, pods } from '../../api/generated/resources.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { servedResources } from '../served-resources/served-resources.ts'
import { decideNamespace } from './core.ts'
import { listRemaining } from './remaining.ts'

/** Empties namespaces that are being deleted, and then lets them go. */
export const namespaceController: Controller = {
  name: 'namespace-controller',
  build(context) {
    const informer = context.informer(namespaces)
    const podInformer = context.informer(pods)
    const served = servedResources(context)
    const isGoing = (name: string) => informer.getByKey(name)?.metadata.deletionTimestamp !== undefined
    const namespaceOf = (pod: Pod) => (isGoing(pod.metadata.namespace!) ? [pod.metadata.namespace!] : [])
    return {
      sources: [
        changesOf(informer),
        // Pods take their time to end: the last that goes is the moment to go on.
        changesOf(podInformer, namespaceOf, () => false),
      ],
      async reconcile(key, nowMs) {
        const namespace = informer.getByKey(key)
        if (namespace?.metadata.deletionTimestamp === undefined) return SETTLED
        const types = served.all().filter((type) => type.namespaced && type.verbs.includes('delete'))
        return decideNamespace(namespace, await listRemaining(context.client, types, key), nowMs)
      },
    }
  },
}
