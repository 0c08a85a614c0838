import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../api/generated/core-v1.ts'
import { persistentVolumeClaims, persistentVolumes } from '../api/generated/resources.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { ClusterView } from '../placement/cluster-view.ts'
import { putObject } from '../placement/cluster-view.ts'
import { isFullyBound } from '../placement/plugins/volume-binding.ts'
import { claimsOf } from '../placement/pod-claims.ts'
import { planVolumes, SELECTED_NODE } from '../placement/volume-plan.ts'
import type { Placing } from './placing.ts'

/** How long a pod's volumes may take to be bound before its node is given up, in milliseconds; as in Kubernetes. */
const BIND_MS = 600_000
const BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller'

/** What has to become true of a pod's volumes before it may be bound. */
export interface VolumeWork {
  /** Writes what was assumed and resolves when all claims are bound; rejects when that does not come about. */
  perform(placing: Placing): Promise<void>
  /** The pod will not go there: the view shows volumes and claims as they are. */
  undo(): void
}

/** Takes volumes for the pod's claims in the view, before the API knows; undefined where nothing has to be done. */
export function assumeVolumes(view: ClusterView, pod: Pod, nodeName: string): VolumeWork | undefined {
  const claims = claimsOf(view, pod)
  const node = view.table.node(view.table.slotOf(nodeName) ?? -1)
  if (node === undefined || claims.every(isFullyBound)) return undefined
  const { bindings, provisions } = planVolumes(view, claims, node)
  const volumes = bindings.map(({ claim, volume }) => ({ before: volume, after: claimed(volume, claim) }))
  const selected = provisions.map((claim) => ({ before: claim, after: selectNode(claim, nodeName) }))
  for (const { after } of volumes) putObject(view, 'PersistentVolume', after)
  for (const { after } of selected) putObject(view, 'PersistentVolumeClaim', after)
  return {
    async perform(placing) {
      await Promise.all([
        ...volumes.map(({ after }) => writeClaimRef(placing, after)),
        ...selected.map(({ after }) => writeSelectedNode(placing, after, nodeName)),
      ])
      await untilBound(placing, pod)
    },
    undo() {
      for (const { before, after } of volumes)
        if (view.volumes.get(after.metadata.name ?? '') === after) putObject(view, 'PersistentVolume', before)
      for (const { before, after } of selected)
        if (view.claims.get(keyString(keyOf(after))) === after) putObject(view, 'PersistentVolumeClaim', before)
    },
  }
}

function claimed(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): PersistentVolume {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = metadata
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid, resourceVersion }
  const annotations = { ...volume.metadata.annotations, [BY_CONTROLLER]: 'yes' }
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec: { ...volume.spec, claimRef } }
}

function selectNode(claim: PersistentVolumeClaim, nodeName: string): PersistentVolumeClaim {
  const annotations = { ...claim.metadata.annotations, [SELECTED_NODE]: nodeName }
  return { ...claim, metadata: { ...claim.metadata, annotations } }
}

/** An update with the version that was decided on: where somebody else was first it is refused. */
async function writeClaimRef({ client }: Placing, volume: PersistentVolume): Promise<void> {
  await client.update(persistentVolumes, volume)
}

async function writeSelectedNode({ client }: Placing, claim: PersistentVolumeClaim, nodeName: string): Promise<void> {
  const patch = { metadata: { uid: claim.metadata.uid, annotations: { [SELECTED_NODE]: nodeName } } }
  await client.patch(persistentVolumeClaims, keyOf(claim), { type: 'merge', patch })
}

async function untilBound({ view, volumes, env }: Placing, pod: Pod): Promise<void> {
  const deadline = env.clock.monotonicMs() + BIND_MS
  for (;;) {
    const claims = claimsOf(view, pod)
    if (claims.every(isFullyBound)) return
    const reset = claims.find((claim) => !isFullyBound(claim) && hasLostNode(view, claim))
    if (reset !== undefined)
      throw new Error(`binding volumes: selectedNode annotation reset for PVC "${reset.metadata.name}"`)
    const left = deadline - env.clock.monotonicMs()
    if (left <= 0 || !(await volumes.next(left))) throw new Error('binding volumes: context deadline exceeded')
  }
}

/** The provisioner could make no volume there: another node is to be looked for. A claim with a volume waits for that. */
function hasLostNode(view: ClusterView, claim: PersistentVolumeClaim): boolean {
  if (claim.metadata.annotations?.[SELECTED_NODE] !== undefined || (claim.spec?.volumeName ?? '') !== '') return false
  for (const { spec } of view.volumes.values()) if (spec?.claimRef?.uid === claim.metadata.uid) return false
  return true
}
