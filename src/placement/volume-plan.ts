import type { Node, PersistentVolume, PersistentVolumeClaim } from '../api/generated/core-v1.ts'
import type { StorageClass } from '../api/generated/storage-v1.ts'
import { wholeOf } from '../api/meta/quantity.ts'
import { fromLabelSelector, matchesLabels } from '../api/meta/label-selector.ts'
import type { ClusterView } from './cluster-view.ts'
import { requiredAffinityHolds } from './node-affinity.ts'
import { classOf } from './pod-claims.ts'

/** The annotation by which a claim's provisioner learns where its pod goes. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node'

/** What has to be done about a pod's claims before it may be bound to a node, or why that node will not do. */
export interface VolumePlan {
  readonly reasons: readonly string[]
  readonly bindings: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[]
  readonly provisions: readonly PersistentVolumeClaim[]
}

const NOT_HERE = "node(s) didn't match PersistentVolume's node affinity"
const NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind"
const NO_SPACE = 'node(s) did not have enough free storage'
const NO_VOLUME = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'
const NO_PROVISIONER = 'kubernetes.io/no-provisioner'

/** Plans for `claims` on `node`: volumes that exist first, the smallest that will do; then volumes to be made. */
export function planVolumes(view: ClusterView, claims: readonly PersistentVolumeClaim[], node: Node): VolumePlan {
  const bound = claims.filter(isBound)
  const refusal = (reason: string): VolumePlan => ({ reasons: [reason], bindings: [], provisions: [] })
  for (const claim of bound) {
    const volume = view.volumes.get(claim.spec?.volumeName ?? '')
    if (volume === undefined) return refusal(NO_VOLUME)
    if (!isUsableOn(volume, node)) return refusal(NOT_HERE)
  }
  const unbound = claims.filter((claim) => !isBound(claim)).sort((a, b) => sizeOf(a) - sizeOf(b))
  const bindings: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = []
  const provisions: PersistentVolumeClaim[] = []
  for (const claim of unbound) {
    const selected = claim.metadata.annotations?.[SELECTED_NODE]
    if (selected !== undefined && selected !== node.metadata.name) return refusal(NOTHING_TO_BIND)
    const chosen = bindings.map(({ volume }) => volume.metadata.name)
    const volume = selected === undefined ? matchingVolume(view, claim, node, chosen) : undefined
    if (volume !== undefined) bindings.push({ claim, volume })
    else provisions.push(claim)
  }
  for (const claim of provisions) {
    const problem = provisionProblem(view, claim, node)
    if (problem !== undefined) return refusal(problem)
  }
  return { reasons: [], bindings, provisions }
}

const isBound = ({ metadata, spec }: PersistentVolumeClaim) =>
  (spec?.volumeName ?? '') !== '' && metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined

const sizeOf = ({ spec }: PersistentVolumeClaim) => wholeOf(spec?.resources?.requests?.['storage'] ?? '0')

function isUsableOn({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required
  return required === undefined || requiredAffinityHolds(required, node)
}

/** The smallest volume that the claim could have on that node; one that is meant for the claim comes first. */
function matchingVolume(
  view: ClusterView,
  claim: PersistentVolumeClaim,
  node: Node,
  taken: readonly (string | undefined)[],
): PersistentVolume | undefined {
  const wanted = sizeOf(claim)
  let best: PersistentVolume | undefined
  let bestSize = Infinity
  for (const volume of view.volumes.values()) {
    const { spec, status, metadata } = volume
    if ((spec?.storageClassName ?? '') !== classOf(claim) || taken.includes(metadata.name)) continue
    if ((spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) continue
    const size = wholeOf(spec?.capacity?.['storage'] ?? '0')
    if (size < wanted || metadata.deletionTimestamp !== undefined || !isUsableOn(volume, node)) continue
    const owner = spec?.claimRef
    if (owner !== undefined) {
      if (isFor(owner, claim)) return volume
      continue
    }
    if (status?.phase !== undefined && status.phase !== 'Available') continue
    if (!modesCover(spec?.accessModes, claim.spec?.accessModes) || !selects(claim, volume)) continue
    if (size < bestSize) [best, bestSize] = [volume, size]
  }
  return best
}

type ClaimRef = NonNullable<NonNullable<PersistentVolume['spec']>['claimRef']>

function isFor({ name, namespace, uid }: ClaimRef, { metadata }: PersistentVolumeClaim): boolean {
  if (name !== metadata.name || namespace !== metadata.namespace) return false
  return uid === undefined || uid === '' || uid === metadata.uid
}

function modesCover(offered: readonly string[] = [], wanted: readonly string[] = []): boolean {
  return wanted.every((mode) => offered.includes(mode))
}

function selects(claim: PersistentVolumeClaim, volume: PersistentVolume): boolean {
  const selector = fromLabelSelector(claim.spec?.selector)
  return selector === undefined || matchesLabels(selector, volume.metadata.labels)
}

/** Why no volume can be made for the claim on that node; undefined if one can. */
function provisionProblem(view: ClusterView, claim: PersistentVolumeClaim, node: Node): string | undefined {
  const storageClass = view.classes.get(classOf(claim))
  if (storageClass === undefined || storageClass.provisioner === '' || storageClass.provisioner === NO_PROVISIONER)
    return NOTHING_TO_BIND
  if (!isAllowedOn(storageClass, node)) return NOTHING_TO_BIND
  if (view.csiDrivers.get(storageClass.provisioner)?.spec.storageCapacity !== true) return undefined
  const wanted = sizeOf(claim)
  for (const { storageClassName, nodeTopology, capacity, maximumVolumeSize } of view.capacities.values()) {
    const limit = maximumVolumeSize ?? capacity
    if (storageClassName !== storageClass.metadata.name || limit === undefined || wholeOf(limit) < wanted) continue
    const topology = fromLabelSelector(nodeTopology)
    if (topology !== undefined && matchesLabels(topology, node.metadata.labels)) return undefined
  }
  return NO_SPACE
}

function isAllowedOn({ allowedTopologies = [] }: StorageClass, node: Node): boolean {
  if (allowedTopologies.length === 0) return true
  const labels = node.metadata.labels ?? {}
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => labels[key] !== undefined && values.includes(labels[key])),
  )
}
