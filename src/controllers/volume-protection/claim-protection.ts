import type { PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import { persistentVolumeClaims, pods } from '../../api/generated/resources.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { protect, release } from './finalizer.ts'

const FINALIZER = 'kubernetes.io/pvc-protection'

/** Keeps a claim that is deleted until no pod uses it any more. */
export const claimProtectionController: Controller = {
  name: 'pvc-protection-controller',
  build(context) {
    const claims = context.informer(persistentVolumeClaims)
    const podInformer = context.informer(pods)
    podInformer.addIndex('claims', claimKeysOf)
    return {
      sources: [changesOf(claims), changesOf(podInformer, claimKeysOf)],
      async reconcile(key) {
        const claim = claims.getByKey(key)
        const decision = decideClaim(claim, podInformer.by('claims', key))
        if (claim?.metadata.deletionTimestamp === undefined || decision.changes.length === 0) return decision
        // A pod that the cache has yet to show may have been bound a moment ago: the last word is the server's.
        const { items } = await context.client.list(pods, { namespace: claim.metadata.namespace ?? '' })
        return decideClaim(
          claim,
          items.filter((pod) => claimKeysOf(pod).includes(key)),
        )
      },
    }
  },
}

/** `users` are the pods that name the claim. */
export function decideClaim(claim: PersistentVolumeClaim | undefined, users: readonly Pod[]): Decision {
  if (claim === undefined) return SETTLED
  if (claim.metadata.deletionTimestamp === undefined) return protect(persistentVolumeClaims, claim, FINALIZER)
  // A pod without a node cannot start on a claim that is being deleted; one with a node counts, ended or not.
  return users.some((pod) => pod.spec?.nodeName) ? SETTLED : release(persistentVolumeClaims, claim, FINALIZER)
}

/** The keys of the claims that a pod uses: those it names, and its own ephemeral ones. */
export function claimKeysOf({ metadata, spec }: Pod): readonly string[] {
  return (spec?.volumes ?? []).flatMap((volume) => {
    const name =
      volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${metadata.name ?? ''}-${volume.name}`)
    return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`]
  })
}
