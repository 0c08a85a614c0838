import type { PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import { persistentVolumeClaims, pods } from '../../api/generated/resources.ts'
import type { Change } from '../../reconcile/change.ts'
import { event } from '../../reconcile/change.ts'
import type { Controller } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerOf } from '../../reconcile/source.ts'
import { claimKeysOf } from '../volume-protection/claim-protection.ts'
import { isTerminal } from '../pod-phase.ts'

const BY_CLAIM = 'by-claim'

/** Makes the claims of pods' ephemeral volumes, which live and die with the pod. */
export const ephemeralVolumeController: Controller = {
  name: 'ephemeral-volume-controller',
  eventSource: 'ephemeral_volume',
  build(context) {
    const podInformer = context.informer(pods)
    const claims = context.informer(persistentVolumeClaims)
    podInformer.addIndex(BY_CLAIM, claimKeysOf)
    const hasEphemeral = (pod: Pod) => pod.spec?.volumes?.some(({ ephemeral }) => ephemeral !== undefined) === true
    const keyOfPod = (pod: Pod) => (hasEphemeral(pod) ? [`${pod.metadata.namespace}/${pod.metadata.name}`] : [])
    return {
      sources: [
        changesOf(podInformer, keyOfPod),
        changesOf(claims, ({ metadata }) =>
          podInformer.by(BY_CLAIM, `${metadata.namespace}/${metadata.name}`).flatMap(keyOfPod),
        ),
      ],
      reconcile(key) {
        const pod = podInformer.getByKey(key)
        if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isTerminal(pod)) return SETTLED
        const find = (name: string) => claims.get({ namespace: pod.metadata.namespace!, name })
        return { changes: missingClaims(pod, find) }
      },
    }
  },
}

function missingClaims(pod: Pod, find: (name: string) => PersistentVolumeClaim | undefined): Change[] {
  return (pod.spec?.volumes ?? []).flatMap(({ name, ephemeral }): Change[] => {
    const template = ephemeral?.volumeClaimTemplate
    if (template === undefined) return []
    const claimName = `${pod.metadata.name}-${name}`
    const known = find(claimName)
    if (known !== undefined) {
      if (controllerOf(known)?.uid === pod.metadata.uid) return []
      const id = `${pod.metadata.namespace}/${pod.metadata.name}`
      const message = `PVC ${pod.metadata.namespace}/${claimName} was not created for pod ${id} (pod is not owner)`
      return [event(pod, 'Warning', 'ClaimMisbound', message)]
    }
    const { labels, annotations } = template.metadata ?? {}
    const { uid, namespace, name: podName } = pod.metadata
    const owner = {
      apiVersion: 'v1',
      kind: 'Pod',
      name: podName!,
      uid: uid!,
      controller: true,
      blockOwnerDeletion: true,
    }
    const object: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: claimName,
        namespace: namespace!,
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ownerReferences: [owner],
      },
      spec: template.spec,
    }
    const failed = ({ message }: Error) => {
      const said = `ephemeral volume ${name}: create PVC ${claimName}: ${message}`
      return { about: pod, type: 'Warning' as const, reason: 'FailedCreate', message: said }
    }
    return [{ verb: 'create', type: persistentVolumeClaims, object, failed }]
  })
}
