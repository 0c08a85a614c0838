import type { Service } from '../../api/generated/core-v1.ts'
import type { EndpointSlice } from '../../api/generated/discovery-v1.ts'
import type { Snapshot } from '../../store/store.ts'

/**
 * Where a Service's port is answered: an address of one of its ready pods, found through its EndpointSlices. A text that
 * says why there is none, in Kubernetes' words.
 */
export function serviceAddress(
  head: Snapshot,
  namespace: string,
  name: string,
  port: number,
): { readonly host: string; readonly port: number } | string {
  const service = head.get('services', `${namespace}/${name}`)?.object as Service | undefined
  if (service === undefined) return `service "${name}" not found`
  const { spec } = service
  const found = spec?.ports?.find((one) => one.port === port)
  if (spec?.type === 'ExternalName') return { host: spec.externalName ?? '', port }
  if (found === undefined) return `no service port ${port} found for service "${name}"`
  for (const { object } of head.list('endpointslices.discovery.k8s.io', { prefix: `${namespace}/` })) {
    const slice = object as EndpointSlice
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue
    const target = slice.ports?.find((one) => (one.name ?? '') === (found.name ?? ''))?.port
    const ready = slice.endpoints?.find(({ conditions }) => conditions?.ready !== false)
    const host = ready?.addresses[0]
    if (host !== undefined && target !== undefined) return { host, port: target }
  }
  return `no endpoints available for service "${name}"`
}
