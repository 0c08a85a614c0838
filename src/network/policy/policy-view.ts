import type { Namespace, Pod } from '../../api/generated/core-v1.ts'
import type { NetworkPolicy } from '../../api/generated/networking-v1.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import { fromLabelSelector, matchesLabels } from '../../api/meta/label-selector.ts'

/** What policies are about. */
export interface PolicyView {
  readonly policies: readonly NetworkPolicy[]
  readonly pods: readonly Pod[]
  readonly namespaces: readonly Namespace[]
  /** Of this machine, which may always reach its pods, and at which their name server listens. */
  readonly hostAddress: string
  /** Of the name server's Service: what policies say of pods with the labels of CoreDNS is true of it. */
  readonly dnsAddress: string
}

/** A pod with an address of its own, as policies see it. */
export interface Party {
  readonly namespace: string
  readonly ip: string
  readonly labels: Readonly<Record<string, string>>
  /** Ports with a name. */
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
}

export function partiesOf({ pods, dnsAddress }: PolicyView): {
  readonly parties: readonly Party[]
  readonly dns: Party
} {
  const dns = { namespace: 'kube-system', ip: dnsAddress, labels: { 'k8s-app': 'kube-dns' }, ports: [] }
  const parties = pods.flatMap(({ metadata, spec, status }): Party[] => {
    const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed'
    const { podIP: ip } = status ?? {}
    if (ip === undefined || ip.includes(':') || spec?.hostNetwork === true || hasEnded) return []
    const ports = (spec?.containers ?? []).flatMap((container) =>
      (container.ports ?? []).flatMap(({ name, protocol = 'TCP', containerPort: port }) =>
        name === undefined ? [] : [{ name, protocol, port }],
      ),
    )
    return [{ namespace: metadata.namespace ?? '', ip, labels: metadata.labels ?? {}, ports }]
  })
  return { parties, dns }
}

/** An absent selector selects nothing, an empty one everything. */
export function selects(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const parsed = fromLabelSelector(selector)
  return parsed !== undefined && matchesLabels(parsed, labels)
}
