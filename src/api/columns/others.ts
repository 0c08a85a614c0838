import type { Lease } from '../generated/coordination-v1.ts'
import type { Ingress } from '../generated/networking-v1.ts'
import type { PodDisruptionBudget } from '../generated/policy-v1.ts'
import type { RoleBinding } from '../generated/rbac-v1.ts'
import type { PriorityClass } from '../generated/scheduling-v1.ts'
import type { StorageClass } from '../generated/storage-v1.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'

function ingressCells({ metadata, spec = {}, status }: Ingress, nowMs: number): readonly Cell[] {
  const hosts = (spec.rules ?? []).flatMap((rule) => rule.host ?? [])
  const shown = hosts.length > 3 ? `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...` : hosts.join(',')
  return [
    metadata.name ?? '',
    spec.ingressClassName ?? '<none>',
    hosts.length === 0 ? '*' : shown,
    (status?.loadBalancer?.ingress ?? []).map((one) => one.ip ?? one.hostname ?? '').join(','),
    (spec.tls ?? []).length > 0 ? '80, 443' : '80',
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

function bindingCells({ metadata, roleRef, subjects = [] }: RoleBinding, nowMs: number): readonly Cell[] {
  const of = (kind: string) => subjects.filter((subject) => subject.kind === kind)
  return [
    metadata.name ?? '',
    `${roleRef.kind}/${roleRef.name}`,
    ageOf(metadata.creationTimestamp, nowMs),
    of('User')
      .map((one) => one.name)
      .join(', '),
    of('Group')
      .map((one) => one.name)
      .join(', '),
    of('ServiceAccount')
      .map((one) => `${one.namespace}/${one.name}`)
      .join(', '),
  ]
}

function storageClassCells(one: StorageClass, nowMs: number): readonly Cell[] {
  const isDefault = one.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
  return [
    `${one.metadata.name ?? ''}${isDefault ? ' (default)' : ''}`,
    one.provisioner,
    one.reclaimPolicy ?? '',
    one.volumeBindingMode ?? '',
    one.allowVolumeExpansion ?? false,
    ageOf(one.metadata.creationTimestamp, nowMs),
  ]
}

function budgetCells({ metadata, spec, status }: PodDisruptionBudget, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    String(spec?.minAvailable ?? 'N/A'),
    String(spec?.maxUnavailable ?? 'N/A'),
    status?.disruptionsAllowed ?? 0,
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

export const otherCells: CellFunctions = {
  'ingresses.networking.k8s.io': ingressCells,
  'rolebindings.rbac.authorization.k8s.io': bindingCells,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingCells,
  'storageclasses.storage.k8s.io': storageClassCells,
  'poddisruptionbudgets.policy': budgetCells,
  'leases.coordination.k8s.io': ({ metadata, spec }: Lease, nowMs: number) => [
    metadata.name ?? '',
    spec?.holderIdentity ?? '',
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  'priorityclasses.scheduling.k8s.io': (one: PriorityClass, nowMs: number) => [
    one.metadata.name ?? '',
    one.value,
    one.globalDefault ?? false,
    ageOf(one.metadata.creationTimestamp, nowMs),
    one.preemptionPolicy ?? '',
  ],
}
