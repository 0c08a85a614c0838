import type { Pod, Volume } from '../../api/generated/core-v1.ts'
import type { Cycle, FilterPlugin, NodeFilter, Rejection } from '../framework.ts'
import { rejection } from '../framework.ts'
import { claimNames } from '../pod-claims.ts'

const NAME = 'VolumeRestrictions'
const DISK = rejection(NAME, 'node(s) had no available disk', true)
const IN_USE = rejection(
  NAME,
  'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
  true,
)

/** Leaves out nodes where a disk of the pod is in use by another, and all while its ReadWriteOncePod claim is in use. */
export const volumeRestrictions: FilterPlugin = {
  name: NAME,
  wakesOn: ['pod-gone', 'node-added', 'claims'],
  prepare(cycle) {
    const { pod, view, table } = cycle
    const disks = pod.spec?.volumes?.filter(isExclusiveDisk) ?? []
    const exclusive: string[] = []
    for (const name of claimNames(pod, false)) {
      const claim = view.claims.get(`${pod.metadata.namespace}/${name}`)
      if (claim === undefined) return rejection(NAME, `persistentvolumeclaim "${name}" not found`, false)
      if (claim.spec?.accessModes?.includes('ReadWriteOncePod') === true) exclusive.push(name)
    }
    let users = exclusive.length === 0 ? 0 : countUsers(cycle, exclusive)
    if (disks.length === 0 && users === 0) return undefined
    return {
      check: (slot): Rejection | undefined => {
        if (disks.some((disk) => table.podsOn(slot).some((other) => conflictsWith(disk, other.pod)))) return DISK
        return users > 0 ? IN_USE : undefined
      },
      podChanged(info, _slot, amount) {
        if (uses(info.pod, pod.metadata.namespace, exclusive)) users += amount
      },
    } satisfies NodeFilter
  },
}

function countUsers({ table, pod }: Cycle, names: readonly string[]): number {
  let users = 0
  for (let slot = 0; slot < table.size; slot++)
    for (const info of table.podsOn(slot)) if (uses(info.pod, pod.metadata.namespace, names)) users += 1
  return users
}

function uses(pod: Pod, namespace: string | undefined, names: readonly string[]): boolean {
  if (pod.metadata.namespace !== namespace || pod.spec?.volumes === undefined) return false
  return claimNames(pod, true).some((name) => names.includes(name))
}

function isExclusiveDisk({ gcePersistentDisk, awsElasticBlockStore, rbd, iscsi }: Volume): boolean {
  return (gcePersistentDisk ?? awsElasticBlockStore ?? rbd ?? iscsi) !== undefined
}

function conflictsWith(volume: Volume, pod: Pod): boolean {
  return pod.spec?.volumes?.some((other) => isSameDisk(volume, other)) === true
}

/** Two readers may share a disk; of AWS' not even they. */
function isSameDisk(a: Volume, b: Volume): boolean {
  const bothRead = (x: { readOnly?: boolean }, y: { readOnly?: boolean }) => x.readOnly === true && y.readOnly === true
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    return (
      a.gcePersistentDisk.pdName === b.gcePersistentDisk.pdName && !bothRead(a.gcePersistentDisk, b.gcePersistentDisk)
    )
  if (a.awsElasticBlockStore && b.awsElasticBlockStore)
    return a.awsElasticBlockStore.volumeID === b.awsElasticBlockStore.volumeID
  if (a.iscsi && b.iscsi) return a.iscsi.iqn === b.iscsi.iqn && !bothRead(a.iscsi, b.iscsi)
  if (a.rbd && b.rbd) {
    const isSame = a.rbd.pool === b.rbd.pool && a.rbd.image === b.rbd.image
    return isSame && a.rbd.monitors.some((each) => b.rbd?.monitors.includes(each)) && !bothRead(a.rbd, b.rbd)
  }
  return false
}
