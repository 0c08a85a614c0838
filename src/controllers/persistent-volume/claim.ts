import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import type { StorageClass } from '../../api/generated/storage-v1.ts'
import { classOf } from '../../placement/pod-claims.ts'
import { SELECTED_NODE } from '../../placement/volume-plan.ts'
import type { Change, Note } from '../../reconcile/change.ts'
import { event } from '../../reconcile/change.ts'
import {
  BETA_STORAGE_PROVISIONER,
  BOUND_BY_CONTROLLER,
  isBindingComplete,
  isFor,
  STORAGE_PROVISIONER,
} from './annotations.ts'
import { bind, setClaimPhase, updateClaim } from './bind.ts'
import { expand, LOCAL_PROVISIONER, provision } from './local-provisioner.ts'
import { bestVolume, mismatch } from './match.ts'

/** A claim, and what it may be bound to. */
export interface ClaimView {
  readonly claim: PersistentVolumeClaim
  readonly volumes: readonly PersistentVolume[]
  readonly classes: readonly StorageClass[]
  /** Pods that use the claim and have no node yet. */
  readonly waitingPods: readonly Pod[]
}

/** The next step for a claim: towards a volume while it has none, and after that only to see that it keeps it. */
export function decideClaim(view: ClaimView, nowMs: number): Change[] {
  return isBindingComplete(view.claim) ? keepBound(view, nowMs) : findVolume(view, nowMs)
}

function keepBound({ claim, volumes, classes }: ClaimView, nowMs: number): Change[] {
  const lose = (reason: string, message: string) =>
    setClaimPhase(withoutVolume(claim), 'Lost', { about: claim, type: 'Warning', reason, message })
  const name = claim.spec?.volumeName
  if (name === undefined) {
    return lose('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
  }
  const volume = volumes.find(({ metadata }) => metadata.name === name)
  if (volume === undefined) {
    return lose('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
  }
  const owner = volume.spec?.claimRef
  if (owner !== undefined && owner.uid !== claim.metadata.uid) {
    return lose('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly')
  }
  const steps = bind(volume, claim, nowMs)
  const mayGrow = classes.find(({ metadata }) => metadata.name === classOf(claim))?.allowVolumeExpansion === true
  return steps.length > 0 || !mayGrow ? steps : expand(volume, claim)
}

/** What a claim said of its volume goes with it. */
function withoutVolume(claim: PersistentVolumeClaim): PersistentVolumeClaim {
  const { accessModes: _modes, capacity: _capacity, ...status } = claim.status ?? {}
  return { ...claim, status }
}

function findVolume(view: ClaimView, nowMs: number): Change[] {
  const { claim, volumes, classes } = view
  if (claim.spec?.volumeName !== undefined && claim.spec.volumeName !== '') return bindToNamed(view, nowMs)
  const storageClass = classes.find(({ metadata }) => metadata.name === classOf(claim))
  const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer'
  const volume = bestVolume(claim, volumes, waits)
  if (volume !== undefined) return bind(volume, claim, nowMs)
  const withDefault = retroactiveDefault(claim, classes)
  if (withDefault !== undefined) return [updateClaim(withDefault)]
  const pending = setClaimPhase(claim, 'Pending')
  if (waits && claim.metadata.annotations?.[SELECTED_NODE] === undefined) return [...saysWaiting(view), ...pending]
  if (classOf(claim) !== '') return [...provisionFrom(claim, storageClass), ...pending]
  const message = 'no persistent volumes available for this claim and no storage class is set'
  return [event(claim, 'Normal', 'FailedBinding', message), ...pending]
}

/** The author has chosen the volume. */
function bindToNamed({ claim, volumes }: ClaimView, nowMs: number): Change[] {
  const name = claim.spec!.volumeName!
  const pending = setClaimPhase(claim, 'Pending')
  const volume = volumes.find(({ metadata }) => metadata.name === name)
  if (volume === undefined) return pending
  const warn = (reason: string, message: string): Note => ({ about: claim, type: 'Warning', reason, message })
  if (volume.spec?.claimRef === undefined) {
    const why = mismatch(volume, claim)
    if (why === undefined) return bind(volume, claim, nowMs)
    const note = warn('VolumeMismatch', `Cannot bind to requested volume "${name}": ${why}`)
    return [{ verb: 'event', note }, ...pending]
  }
  if (isFor(volume, claim)) return bind(volume, claim, nowMs)
  const note = warn('FailedBinding', `volume "${name}" already bound to a different claim.`)
  return [{ verb: 'event', note }, ...(claim.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined ? pending : [])]
}

/** A claim that was made before there was a default class gets it now; an empty class name means none on purpose. */
function retroactiveDefault(claim: PersistentVolumeClaim, classes: readonly StorageClass[]) {
  if (claim.spec?.storageClassName !== undefined || classOf(claim) !== '') return undefined
  const isDefault = ({ metadata }: StorageClass) =>
    metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
  const newest = classes
    .filter(isDefault)
    .toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))[0]
  return newest && { ...claim, spec: { ...claim.spec, storageClassName: newest.metadata.name! } }
}

function saysWaiting({ claim, waitingPods }: ClaimView): Change[] {
  const names = waitingPods.map(({ metadata }) => metadata.name)
  if (names.length === 0) {
    const message = 'waiting for first consumer to be created before binding'
    return [event(claim, 'Normal', 'WaitForFirstConsumer', message)]
  }
  const message = `waiting for pod${names.length > 1 ? 's' : ''} ${names.join(',')} to be scheduled`
  return [event(claim, 'Normal', 'WaitForPodScheduled', message)]
}

function provisionFrom(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Change[] {
  const name = classOf(claim)
  if (storageClass === undefined) {
    return [event(claim, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${name}" not found`)]
  }
  const { provisioner } = storageClass
  if (provisioner === 'kubernetes.io/no-provisioner') {
    const message = `no volume plugin matched name: ${provisioner}`
    return [event(claim, 'Warning', 'ProvisioningFailed', message)]
  }
  if (claim.metadata.annotations?.[STORAGE_PROVISIONER] !== provisioner) {
    const names = { [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner }
    const metadata = { ...claim.metadata, annotations: { ...claim.metadata.annotations, ...names } }
    return [
      updateClaim({ ...claim, metadata }),
      event(claim, 'Normal', 'ExternalProvisioning', waitingFor(provisioner)),
    ]
  }
  return provisioner === LOCAL_PROVISIONER ? [provision(claim, storageClass)] : []
}

function waitingFor(provisioner: string): string {
  return (
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' ` +
    'or manually by the system administrator. If volume creation is delayed, please verify that ' +
    'the provisioner is running and correctly registered.'
  )
}
