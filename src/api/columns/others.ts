import type { APIService } from '../generated/apiregistration-v1.ts'
import type { CertificateSigningRequest } from '../generated/certificates-v1.ts'
import type { Lease } from '../generated/coordination-v1.ts'
import type { RuntimeClass } from '../generated/node-v1.ts'
import type { PodDisruptionBudget } from '../generated/policy-v1.ts'
import type { RoleBinding } from '../generated/rbac-v1.ts'
import type { PriorityClass } from '../generated/scheduling-v1.ts'
import { ageOf, humanDuration } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'

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

function budgetCells({ metadata, spec, status }: PodDisruptionBudget, nowMs: number): readonly Cell[] {
  return [
    metadata.name ?? '',
    String(spec?.minAvailable ?? 'N/A'),
    String(spec?.maxUnavailable ?? 'N/A'),
    status?.disruptionsAllowed ?? 0,
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

function requestCells({ metadata, spec, status }: CertificateSigningRequest, nowMs: number): readonly Cell[] {
  const is = (type: string) => status?.conditions?.some((one) => one.type === type) === true
  const decision = is('Denied') ? 'Denied' : is('Approved') ? 'Approved' : 'Pending'
  const issued = (status?.certificate ?? '') === '' ? '' : ',Issued'
  return [
    metadata.name ?? '',
    ageOf(metadata.creationTimestamp, nowMs),
    spec.signerName || '<none>',
    spec.username ?? '',
    spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    `${decision}${is('Failed') ? ',Failed' : ''}${issued}`,
  ]
}

function serviceCells({ metadata, spec, status }: APIService, nowMs: number): readonly Cell[] {
  const { service } = spec ?? {}
  const available = status?.conditions?.find(({ type }) => type === 'Available')
  const reason = available?.status !== 'True' && available?.reason ? ` (${available.reason})` : ''
  return [
    metadata.name ?? '',
    service === undefined ? 'Local' : `${service.namespace}/${service.name}`,
    `${available?.status ?? 'Unknown'}${reason}`,
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

export const otherCells: CellFunctions = {
  'rolebindings.rbac.authorization.k8s.io': bindingCells,
  'clusterrolebindings.rbac.authorization.k8s.io': bindingCells,
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
  'runtimeclasses.node.k8s.io': ({ metadata, handler }: RuntimeClass, nowMs: number) => [
    metadata.name ?? '',
    handler,
    ageOf(metadata.creationTimestamp, nowMs),
  ],
  'certificatesigningrequests.certificates.k8s.io': requestCells,
  'apiservices.apiregistration.k8s.io': serviceCells,
}
