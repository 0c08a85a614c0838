import type { Pod } from '../../api/generated/core-v1.ts'
import type { ClusterView } from '../cluster-view.ts'
import type { Cycle, FilterPlugin } from '../framework.ts'
import { rejection } from '../framework.ts'
import { claimNames, classOf } from '../pod-claims.ts'

const NAME = 'NodeVolumeLimits'
const TOO_MANY = rejection(NAME, 'node(s) exceed max volume count', true)

/** Keeps nodes whose CSI drivers can attach the pod's volumes beside those that are attached already. */
export const nodeVolumeLimits: FilterPlugin = {
  name: NAME,
  wakesOn: ['csi-nodes', 'node-added', 'pod-gone', 'claims', 'attachments'],
  prepare(cycle) {
    const { pod, view } = cycle
    const wanted = volumesOf(view, pod)
    if (wanted.size === 0) return undefined
    return { check: (slot) => (exceeds(cycle, wanted, slot) ? TOO_MANY : undefined) }
  },
}

function exceeds({ view, table }: Cycle, wanted: ReadonlyMap<string, string>, slot: number): boolean {
  const nodeName = table.node(slot)?.metadata.name ?? ''
  const drivers = view.csiNodes.get(nodeName)?.spec?.drivers ?? []
  const limits = new Map(
    drivers.flatMap(({ name, allocatable }) =>
      allocatable?.count === undefined ? [] : [[name, allocatable.count] as const],
    ),
  )
  if (limits.size === 0) return false
  const attached = attachedTo(view, nodeName)
  for (const { pod } of table.podsOn(slot))
    for (const [volume, driver] of volumesOf(view, pod)) attached.set(volume, driver)
  const used = byDriver(attached.values())
  const fresh = byDriver([...wanted].flatMap(([volume, driver]) => (attached.has(volume) ? [] : [driver])))
  for (const [driver, count] of fresh) {
    const limit = limits.get(driver)
    if (limit !== undefined && (used.get(driver) ?? 0) + count > limit) return true
  }
  return false
}

/** Volumes and their drivers; a claim without a volume counts for the driver that will make one. */
function volumesOf(view: ClusterView, pod: Pod): Map<string, string> {
  const volumes = new Map<string, string>()
  if (pod.spec?.volumes === undefined) return volumes
  for (const name of claimNames(pod, true)) {
    const key = `${pod.metadata.namespace}/${name}`
    const claim = view.claims.get(key)
    if (claim === undefined) continue
    const csi = view.volumes.get(claim.spec?.volumeName ?? '')?.spec?.csi
    if (csi !== undefined) volumes.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver)
    else if ((claim.spec?.volumeName ?? '') === '') {
      const provisioner = view.classes.get(classOf(claim))?.provisioner
      if (provisioner !== undefined) volumes.set(`${provisioner}/claim/${key}`, provisioner)
    }
  }
  return volumes
}

function attachedTo(view: ClusterView, nodeName: string): Map<string, string> {
  const attached = new Map<string, string>()
  for (const { spec } of view.attachments.values()) {
    if (spec.nodeName !== nodeName) continue
    const csi = view.volumes.get(spec.source.persistentVolumeName ?? '')?.spec?.csi
    if (csi !== undefined) attached.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver)
  }
  return attached
}

function byDriver(drivers: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const driver of drivers) counts.set(driver, (counts.get(driver) ?? 0) + 1)
  return counts
}
