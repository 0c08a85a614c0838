import type { StatefulSet } from '../../api/generated/apps-v1.ts'
import type { PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import { persistentVolumeClaims } from '../../api/generated/resources.ts'
import type { CreateChange, UpdateChange } from '../../reconcile/change.ts'
import { controllerReference } from '../controller-reference.ts'

/** The claim of that name in the set's namespace. */
export type FindClaim = (name: string) => PersistentVolumeClaim | undefined

export function claimNameOf(set: StatefulSet, templateName: string, ordinal: number): string {
  return `${templateName}-${set.metadata.name}-${ordinal}`
}

/** The claims that the pod of an ordinal lacks, created with the events that Kubernetes gives for them. */
export function missingClaims(set: StatefulSet, ordinal: number, find: FindClaim): CreateChange[] {
  const wanted = claimsFor(set, ordinal).filter(({ metadata }) => find(metadata.name!) === undefined)
  return wanted.map((object) => {
    const pod = `${set.metadata.name}-${ordinal}`
    const subject = `create Claim ${object.metadata.name} Pod ${pod} in StatefulSet ${set.metadata.name}`
    return {
      verb: 'create',
      type: persistentVolumeClaims,
      object,
      done: () => ({ about: set, type: 'Normal', reason: 'SuccessfulCreate', message: `${subject} success` }),
      failed: ({ message }) => {
        const failure = `${subject.replace(' Pod ', ' for Pod ')} failed error: ${message}`
        return { about: set, type: 'Warning', reason: 'FailedCreate', message: failure }
      },
    }
  })
}

/** Whether a claim still belongs to a pod that is gone, or is going itself: a new pod waits until it is. */
export function hasStaleClaim(set: StatefulSet, ordinal: number, find: FindClaim): boolean {
  return claimsFor(set, ordinal).some(({ metadata }) => {
    const claim = find(metadata.name!)
    if (claim === undefined) return false
    return claim.metadata.deletionTimestamp !== undefined || ownersOf(claim).some(({ kind }) => kind === 'Pod')
  })
}

/**
 * Brings the owners of a pod's claims in line with the retention policy: what goes with the set belongs to it, what goes
 * with a pod that is scaled away belongs to that pod. A claim that somebody else manages is left without either.
 */
export function retainedClaims(
  set: StatefulSet,
  pod: Pod,
  ordinal: number,
  isCondemned: boolean,
  find: FindClaim,
): UpdateChange[] {
  return claimsFor(set, ordinal).flatMap(({ metadata }): UpdateChange[] => {
    const claim = find(metadata.name!)
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return []
    const isOurs = (owner: { readonly uid: string }) => owner.uid === set.metadata.uid || owner.uid === pod.metadata.uid
    const others = ownersOf(claim).filter((owner) => !isOurs(owner))
    const owner = others.some(({ controller }) => controller === true) ? undefined : ownerBy(set, pod, isCondemned)
    const ownerReferences = owner === undefined ? others : [...others, controllerReference(owner)]
    const uids = (references: readonly { readonly uid: string }[]) => references.map(({ uid }) => uid).join()
    if (uids(ownerReferences) === uids(ownersOf(claim))) return []
    const object = { ...claim, metadata: { ...claim.metadata, ownerReferences } }
    return [{ verb: 'update', type: persistentVolumeClaims, object }]
  })
}

function ownerBy(set: StatefulSet, pod: Pod, isCondemned: boolean): StatefulSet | Pod | undefined {
  const { whenDeleted, whenScaled } = set.spec?.persistentVolumeClaimRetentionPolicy ?? {}
  if (isCondemned && whenScaled === 'Delete') return pod
  return whenDeleted === 'Delete' ? set : undefined
}

function claimsFor(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  const goesWithSet = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...template.metadata,
      name: claimNameOf(set, template.metadata.name!, ordinal),
      namespace: set.metadata.namespace!,
      labels: { ...template.metadata.labels, ...set.spec!.selector.matchLabels },
      ...(goesWithSet ? { ownerReferences: [controllerReference(set)] } : {}),
    },
    ...(template.spec === undefined ? {} : { spec: template.spec }),
  }))
}

function ownersOf({ metadata }: PersistentVolumeClaim) {
  return metadata.ownerReferences ?? []
}
