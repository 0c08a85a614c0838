import type { DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../generated/resource-v1.ts'
import type {
  CSIDriver,
  CSINode,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../generated/storage-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'

const DEFAULTS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

function storageClassCells(one: StorageClass, nowMs: number): readonly Cell[] {
  const isDefault = DEFAULTS.some((key) => one.metadata.annotations?.[key] === 'true')
  return [
    `${one.metadata.name ?? ''}${isDefault ? ' (default)' : ''}`,
    one.provisioner,
    one.reclaimPolicy ?? 'Delete',
    one.volumeBindingMode ?? 'Immediate',
    one.allowVolumeExpansion ?? false,
    ageOf(one.metadata.creationTimestamp, nowMs),
  ]
}

function driverCells({ metadata, spec }: CSIDriver, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    spec.attachRequired ?? true,
    spec.podInfoOnMount ?? false,
    spec.storageCapacity ?? false,
    spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    spec.requiresRepublish ?? false,
    (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

function attachmentCells({ metadata, spec, status }: VolumeAttachment, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    spec.attacher,
    spec.source.persistentVolumeName ?? '',
    spec.nodeName,
    status?.attached ?? false,
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

function claimState({ metadata, status }: ResourceClaim): string {
  const isDeleted = metadata.deletionTimestamp !== undefined
  const states = isDeleted ? ['deleted'] : []
  if (status?.allocation === undefined) return isDeleted ? 'deleted' : 'pending'
  states.push('allocated')
  if ((status.reservedFor ?? []).length > 0) states.push('reserved')
  return states.join(',')
}

export const storageCells: CellFunctions = {
  'storageclasses.storage.k8s.io': storageClassCells,
  'csidrivers.storage.k8s.io': driverCells,
  'csinodes.storage.k8s.io': ({ metadata, spec }: CSINode, nowMs: number) => [
    metadata.name ?? '',
    (spec.drivers ?? []).length,
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  'volumeattachments.storage.k8s.io': attachmentCells,
  'volumeattributesclasses.storage.k8s.io': ({ metadata, driverName }: VolumeAttributesClass, nowMs: number) => [
    metadata.name ?? '',
    driverName,
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  'deviceclasses.resource.k8s.io': ({ metadata }: DeviceClass, nowMs: number) => [
    metadata.name ?? '',
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  'resourceclaims.resource.k8s.io': (claim: ResourceClaim, nowMs: number) => [
    claim.metadata.name ?? '',
    claimState(claim),
    ageOf(claim.metadata.creationTimestamp, nowMs),
  ],
  'resourceclaimtemplates.resource.k8s.io': ({ metadata }: ResourceClaimTemplate, nowMs: number) => [
    metadata.name ?? '',
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  'resourceslices.resource.k8s.io': ({ metadata, spec }: ResourceSlice, nowMs: number) => [
    metadata.name ?? '',
    spec.nodeName ?? '',
    spec.driver,
    spec.pool.name,
    ageOf(metadata.creationTimestamp, nowMs),
  ],
}
