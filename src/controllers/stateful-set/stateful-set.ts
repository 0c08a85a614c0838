import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '../../api/generated/resources.ts'
import { NAMESPACE_INDEX, OWNER_INDEX } from '../../informer/indexes.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerKey, ownKey } from '../../reconcile/source.ts'
import { concernedOwners } from '../concerned-owners.ts'
import { ORPHAN_INDEX, orphanNamespace } from '../orphans.ts'
import { decideStatefulSet } from './core.ts'

const setKeyOf = controllerKey('apps', 'StatefulSet')

/** Keeps a pod with a name and volumes of its own for each ordinal of each StatefulSet. */
export const statefulSetController: Controller = {
  name: 'statefulset-controller',
  build(context) {
    const setInformer = context.informer(statefulSets)
    const podInformer = context.informer(pods)
    const revisionInformer = context.informer(controllerRevisions)
    const claimInformer = context.informer(persistentVolumeClaims)
    podInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    revisionInformer.addIndex(ORPHAN_INDEX, orphanNamespace)
    const concerned = concernedOwners(setInformer, setKeyOf)
    // A claim that goes may be what a new pod waits for.
    const claiming = ({ metadata }: PersistentVolumeClaim): Iterable<string> =>
      setInformer
        .by(NAMESPACE_INDEX, metadata.namespace!)
        .filter((set) =>
          set.spec?.volumeClaimTemplates?.some((template) =>
            metadata.name!.startsWith(`${template.metadata.name}-${set.metadata.name}-`),
          ),
        )
        .flatMap((set) => [...ownKey(set)])
    return {
      sources: [
        changesOf(setInformer),
        changesOf(podInformer, concerned),
        changesOf(revisionInformer, setKeyOf),
        changesOf(claimInformer, claiming, () => false),
      ],
      reconcile(key, nowMs) {
        const set = setInformer.getByKey(key)
        if (set === undefined) return SETTLED
        const { uid, namespace } = set.metadata
        const find = (name: string) => ({ namespace: namespace!, name })
        const view = {
          set,
          candidates: [...podInformer.by(OWNER_INDEX, uid!), ...podInformer.by(ORPHAN_INDEX, namespace!)],
          revisions: [...revisionInformer.by(OWNER_INDEX, uid!), ...revisionInformer.by(ORPHAN_INDEX, namespace!)],
          isRevisionTaken: (name: string) => revisionInformer.get(find(name)) !== undefined,
          findClaim: (name: string) => claimInformer.get(find(name)),
        }
        return decideStatefulSet(view, nowMs)
      },
    }
  },
}
