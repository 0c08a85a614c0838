import { chmod } from 'node:fs/promises'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/generated/core-v1.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'
import { VolumeError } from '../config-error.ts'
import { provideHostPath } from './host-path.ts'

/** The claim that a volume of the pod refers to, or that was made for it; undefined for volumes of other sorts. */
export function claimNameOf({ metadata }: Pod, volume: Volume): string | undefined {
  const { persistentVolumeClaim: named, ephemeral } = volume
  return named?.claimName ?? (ephemeral === undefined ? undefined : `${metadata.name}-${volume.name}`)
}

/** A claimed volume's place on this machine, and whether it was made by a provisioner that leaves its owner open. */
export interface ClaimedVolume {
  readonly path: string
  /** Whether the pod's group may be given the volume: not a path of the host that was there before. */
  readonly isOwnable: boolean
}

/** Finds the directory of a claim's volume. Rejects with a {@link VolumeError} in the kubelet's words. */
export async function claimVolume(client: Client, pod: Pod, claimName: string): Promise<ClaimedVolume> {
  const namespace = pod.metadata.namespace ?? ''
  const claim = await boundClaim(client, pod, namespace, claimName)
  const name = claim.spec?.volumeName ?? ''
  const volume = await client.get<PersistentVolume>(persistentVolumes, { name })
  const owner = volume.spec?.claimRef
  if (owner?.uid !== claim.metadata.uid) throw new VolumeError(`PVC ${namespace}/${claimName} is not bound to ${name}`)
  const { hostPath, local } = volume.spec ?? {}
  if (local !== undefined) {
    return { path: await provideHostPath({ path: local.path, type: 'Directory' }), isOwnable: true }
  }
  if (hostPath === undefined) throw new VolumeError(`volume ${name} is of a sort that this node does not support`)
  const isMade = volume.metadata.annotations?.['pv.kubernetes.io/provisioned-by'] !== undefined
  const path = await provideHostPath(hostPath)
  // Whoever the containers run as may write what was made for them.
  if (isMade && hostPath.type === 'DirectoryOrCreate') await chmod(path, 0o777)
  return { path, isOwnable: isMade }
}

async function boundClaim(client: Client, pod: Pod, namespace: string, name: string): Promise<PersistentVolumeClaim> {
  const claim = await find(client, namespace, name)
  const isForeign = pod.spec?.volumes?.some(
    (volume) => volume.ephemeral !== undefined && claimNameOf(pod, volume) === name,
  )
  if (isForeign === true && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid)) {
    throw new VolumeError(
      `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
    )
  }
  if (claim.metadata.deletionTimestamp !== undefined) throw new VolumeError('PVC is being deleted')
  if (!isBound(claim)) throw new VolumeError('PVC is not bound')
  if (claim.spec?.volumeMode === 'Block') throw new VolumeError('block volumes are not supported by this node')
  return claim
}

/** The phase is the last that is written of a binding, and schedulers do not wait for it. */
function isBound({ metadata, spec, status }: PersistentVolumeClaim): boolean {
  if (!spec?.volumeName || status?.phase === 'Lost') return false
  return status?.phase === 'Bound' || metadata.annotations?.['pv.kubernetes.io/bind-completed'] !== undefined
}

async function find(client: Client, namespace: string, name: string): Promise<PersistentVolumeClaim> {
  try {
    return await client.get<PersistentVolumeClaim>(persistentVolumeClaims, { namespace, name })
  } catch (error) {
    if (hasReason(error, 'NotFound')) throw new VolumeError(`persistentvolumeclaim "${name}" not found`)
    throw error
  }
}
