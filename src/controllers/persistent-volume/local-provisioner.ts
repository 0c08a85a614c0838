import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/core-v1.ts'
import type { StorageClass } from '../../api/generated/storage-v1.ts'
import { persistentVolumeClaims, persistentVolumes } from '../../api/generated/resources.ts'
import { keyOf } from '../../api/object.ts'
import type { Change } from '../../reconcile/change.ts'
import { event } from '../../reconcile/change.ts'
import { SELECTED_NODE } from '../../placement/volume-plan.ts'
import { PROVISIONED_BY } from './annotations.ts'
import { updateVolume } from './bind.ts'
import { requestedSize, sizeOf } from './match.ts'

/** The provisioner of the class `standard`: a directory on the node that the claim's pod goes to. */
export const LOCAL_PROVISIONER = 'shoal.dev/local'

/** Where volumes are made unless the class says so in its parameter `path`. */
export const VOLUME_DIRECTORY = '/var/lib/shoal/volumes'

/** Makes the volume of a claim. The directory is made by the node when it is first mounted. */
export function provision(claim: PersistentVolumeClaim, storageClass: StorageClass): Change {
  const { namespace, name, uid, resourceVersion, annotations } = claim.metadata
  const volumeName = `pvc-${uid}`
  const { accessModes, resources, volumeMode } = claim.spec ?? {}
  const directory = storageClass.parameters?.['path'] ?? VOLUME_DIRECTORY
  const node = annotations?.[SELECTED_NODE]
  const object = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeName, annotations: { [PROVISIONED_BY]: LOCAL_PROVISIONER } },
    spec: {
      accessModes,
      capacity: { storage: resources?.requests?.['storage'] },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion },
      hostPath: { path: `${directory}/${volumeName}_${namespace}_${name}`, type: 'DirectoryOrCreate' },
      ...(node === undefined ? {} : { nodeAffinity: onNode(node) }),
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      ...(volumeMode === undefined ? {} : { volumeMode }),
    },
  } as PersistentVolume
  const about = claim
  return {
    verb: 'create',
    type: persistentVolumes,
    object,
    done: () => {
      const message = `Successfully provisioned volume ${volumeName}`
      return { about, type: 'Normal', reason: 'ProvisioningSucceeded', message }
    },
    failed: ({ message }) => {
      const what = `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${message}`
      return { about, type: 'Warning', reason: 'ProvisioningFailed', message: what }
    },
  }
}

/** A directory grows by saying so. */
export function expand(volume: PersistentVolume, claim: PersistentVolumeClaim): Change[] {
  const storage = claim.spec?.resources?.requests?.['storage']
  if (storage === undefined || volume.metadata.annotations?.[PROVISIONED_BY] !== LOCAL_PROVISIONER) return []
  if (sizeOf(volume) < requestedSize(claim)) {
    return [updateVolume({ ...volume, spec: { ...volume.spec, capacity: { ...volume.spec?.capacity, storage } } })]
  }
  if (claim.status?.capacity?.['storage'] === volume.spec?.capacity?.['storage']) return []
  const status = { ...claim.status, capacity: { ...volume.spec?.capacity } }
  return [
    {
      verb: 'update',
      type: persistentVolumeClaims,
      object: { ...claim, status } as PersistentVolumeClaim,
      subresource: 'status',
    },
    event(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded'),
  ]
}

/** Whether its policy is to go once nobody claims it, and it is not going already. */
export function isToBeDeleted({ metadata, spec }: PersistentVolume): boolean {
  return metadata.deletionTimestamp === undefined && spec?.persistentVolumeReclaimPolicy === 'Delete'
}

/** Deletes a volume that was made here, or is a directory for temporary files, and is no longer wanted. */
export function reclaim(volume: PersistentVolume): Change[] {
  const provisioner = volume.metadata.annotations?.[PROVISIONED_BY] ?? ''
  // As Kubernetes' own controller lets go of directories for tests; what is in them stays.
  const isForTests = provisioner === '' && volume.spec?.hostPath?.path.startsWith('/tmp/') === true
  if ((provisioner !== LOCAL_PROVISIONER && !isForTests) || !isToBeDeleted(volume)) return []
  return [{ verb: 'delete', type: persistentVolumes, key: keyOf(volume), uid: volume.metadata.uid! }]
}

function onNode(node: string) {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }]
  return { required: { nodeSelectorTerms: [{ matchExpressions }] } }
}
