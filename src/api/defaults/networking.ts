import type { Draft } from '../draft.ts'
import type { EndpointSlice } from '../generated/discovery-v1.ts'
import type { IngressClass, NetworkPolicy, NetworkPolicyPort } from '../generated/networking-v1.ts'
import { setDefaults } from './set-default.ts'

export function defaultNetworkPolicy({ spec }: Draft<NetworkPolicy>): void {
  if (spec === undefined) return
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])]
  for (const { ports } of rules)
    for (const port of ports ?? []) setDefaults<Draft<NetworkPolicyPort>>(port, { protocol: 'TCP' })
  if ((spec.policyTypes ?? []).length > 0) return
  spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

export function defaultIngressClass({ spec }: Draft<IngressClass>): void {
  if (spec?.parameters) setDefaults(spec.parameters, { scope: 'Cluster' })
}

export function defaultEndpointSlice({ ports }: Draft<EndpointSlice>): void {
  for (const port of ports ?? []) setDefaults(port, { name: '', protocol: 'TCP' })
}
