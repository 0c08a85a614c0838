import type { PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { Cycle, FilterPlugin } from '../framework.ts'
import { rejection } from '../framework.ts'
import { claimsOf, classOf } from '../pod-claims.ts'
import { planVolumes } from '../volume-plan.ts'

const NAME = 'VolumeBinding'

/** Keeps nodes that the pod's bound volumes can be used on, and where volumes for its other claims are to be had. */
export const volumeBinding: FilterPlugin = {
  name: NAME,
  wakesOn: ['node-added', 'node-labels', 'claims', 'volumes', 'classes', 'csi-nodes', 'csi-drivers', 'capacities'],
  prepare(cycle) {
    const problem = problemOf(cycle)
    if (problem !== undefined) return rejection(NAME, problem, false)
    const claims = claimsOf(cycle.view, cycle.pod)
    if (claims.length === 0) return undefined
    if (claims.some((claim) => isUnboundImmediate(cycle, claim)))
      return rejection(NAME, 'pod has unbound immediate PersistentVolumeClaims', false)
    return {
      check(slot) {
        const node = cycle.table.node(slot)
        const plan = node && planVolumes(cycle.view, claims, node)
        return plan !== undefined && plan.reasons.length > 0
          ? { plugin: NAME, reasons: plan.reasons, preemptionMayHelp: false }
          : undefined
      },
    }
  },
}

/** The first claim of the pod that cannot be used at all, in Kubernetes' words. */
function problemOf({ pod, view }: Cycle): string | undefined {
  for (const { name, persistentVolumeClaim, ephemeral } of pod.spec?.volumes ?? []) {
    if (persistentVolumeClaim === undefined && ephemeral === undefined) continue
    const claimName = persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${name}`
    const claim = view.claims.get(`${pod.metadata.namespace}/${claimName}`)
    if (claim === undefined) {
      return ephemeral === undefined
        ? `persistentvolumeclaim "${claimName}" not found`
        : `waiting for ephemeral volume controller to create the persistentvolumeclaim "${claimName}"`
    }
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim "${claimName}" bound to non-existent persistentvolume "${claim.spec?.volumeName ?? ''}"`
    if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${claimName}" is being deleted`
    const isOurs = claim.metadata.ownerReferences?.some(
      ({ uid, controller }) => controller === true && uid === pod.metadata.uid,
    )
    if (ephemeral !== undefined && isOurs !== true)
      return `PVC ${pod.metadata.namespace}/${claimName} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`
  }
  return undefined
}

/** A claim that is bound without regard to where pods go, or names its volume, must be bound before its pod is placed. */
function isUnboundImmediate({ view }: Cycle, claim: PersistentVolumeClaim): boolean {
  if (isFullyBound(claim)) return false
  const waits = view.classes.get(classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer'
  return !waits || (claim.spec?.volumeName ?? '') !== ''
}

/** Bound from both sides: the volume's controller has finished. */
export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (spec?.volumeName ?? '') !== '' && metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined
}
