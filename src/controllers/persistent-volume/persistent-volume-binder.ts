import type { PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import { persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '../../api/generated/resources.ts'
import { keyStringOf } from '../../informer/indexer.ts'
import { isTerminal } from '../pod-phase.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { claimKeysOf } from '../volume-protection/claim-protection.ts'
import { isBindingComplete } from './annotations.ts'
import { decideClaim } from './claim.ts'
import { createRepeats } from './repeats.ts'
import { decideVolume } from './volume.ts'

/** Begins the keys of volumes; a claim's key is `namespace/name`, which has no colon. */
const VOLUME = 'volume:'
const BY_CLAIM = 'by-claim'

/** Binds claims to volumes, has volumes made for those that find none, and reclaims those that are left. */
export const persistentVolumeBinder: Controller = {
  name: 'persistent-volume-binder',
  eventSource: 'persistentvolume-controller',
  build(context) {
    const claims = context.informer(persistentVolumeClaims)
    const volumes = context.informer(persistentVolumes)
    const classes = context.informer(storageClasses)
    const podInformer = context.informer(pods)
    podInformer.addIndex(BY_CLAIM, claimKeysOf)
    const repeats = createRepeats()
    const waiting = () =>
      claims
        .list()
        .filter((claim) => !isBindingComplete(claim))
        .map(keyStringOf)
    const volumeKey = (name: string | undefined) => (name === undefined || name === '' ? [] : [`${VOLUME}${name}`])
    const ownerKey = ({ spec }: { readonly spec?: { readonly claimRef?: { namespace?: string; name?: string } } }) =>
      spec?.claimRef === undefined ? [] : [`${spec.claimRef.namespace}/${spec.claimRef.name}`]
    const volumesOf = (claim: PersistentVolumeClaim) =>
      volumes.list().filter((volume) => ownerKey(volume)[0] === keyStringOf(claim))

    const decideOne = (key: string, nowMs: number): Decision => {
      if (key.startsWith(VOLUME)) {
        const volume = volumes.getByKey(key.slice(VOLUME.length))
        if (volume === undefined) return SETTLED
        return { changes: decideVolume(volume, claims.getByKey(ownerKey(volume)[0] ?? ''), nowMs) }
      }
      const claim = claims.getByKey(key)
      if (claim === undefined) {
        repeats.forget(key)
        return SETTLED
      }
      const waitingPods = podInformer.by(BY_CLAIM, key).filter(isWaiting)
      const view = { claim, volumes: volumes.list(), classes: classes.list(), waitingPods }
      return repeats.withoutThem(key, claim, decideClaim(view, nowMs), context.env.clock.monotonicMs())
    }
    return {
      // One after the other: two claims must not be given one volume.
      concurrency: 1,
      sources: [
        changesOf(claims, (claim) => [
          keyStringOf(claim),
          ...volumeKey(claim.spec?.volumeName),
          ...volumesOf(claim).flatMap(({ metadata }) => volumeKey(metadata.name)),
        ]),
        changesOf(volumes, (volume) => [...volumeKey(volume.metadata.name), ...ownerKey(volume), ...waiting()]),
        changesOf(classes, waiting),
        changesOf(podInformer, claimKeysOf, () => false),
      ],
      reconcile: decideOne,
    }
  },
}

function isWaiting(pod: Pod): boolean {
  return pod.spec?.nodeName === undefined && !isTerminal(pod)
}
