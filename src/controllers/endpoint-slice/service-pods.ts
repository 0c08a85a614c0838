import type { Pod, Service } from '../../api/generated/core-v1.ts'
import { jsonEqual } from '../../api/meta/equal.ts'
import type { Informer } from '../../informer/informer.ts'
import { keyStringOf } from '../../informer/indexer.ts'
import { NAMESPACE_INDEX } from '../../informer/indexes.ts'
import { changesOf } from '../../reconcile/source.ts'
import type { Source } from '../../reconcile/source.ts'
import { isReady, isTerminal } from '../pod-phase.ts'

/** Whether the pods behind a service are ours to write down: it selects some, and is not merely another name. */
export function hasSelector({ spec }: Service): boolean {
  return spec?.selector !== undefined && spec.selector !== null && spec.type !== 'ExternalName'
}

/** Whether a service has no address of its own. */
export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None'
}

/** The pods that the service selects, in the order of their names; an empty selector selects all. */
export function podsOf(pods: Informer<Pod>, service: Service): readonly Pod[] {
  return pods
    .by(NAMESPACE_INDEX, service.metadata.namespace!)
    .filter((pod) => selects(service, pod))
    .sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1))
}

/** Looks at a service when a pod that it selects, or did select, changes in a way that can be seen from outside. */
export function podsOfServices(pods: Informer<Pod>, services: Informer<Service>): Source {
  return changesOf(
    pods,
    (pod) => {
      const all = services.by(NAMESPACE_INDEX, pod.metadata.namespace!)
      return all.filter((service) => hasSelector(service) && selects(service, pod)).map(keyStringOf)
    },
    (pod, previous) => !jsonEqual(visible(pod), visible(previous)),
  )
}

/** Whether a pod can be an endpoint at all: it has an address and has not ended. */
export function isReachable(pod: Pod): boolean {
  return addressesOf(pod).length > 0 && !isTerminal(pod)
}

export function addressesOf({ status }: Pod): readonly string[] {
  const listed = (status?.podIPs ?? []).map(({ ip }) => ip)
  return listed.length > 0 ? listed : status?.podIP === undefined || status.podIP === '' ? [] : [status.podIP]
}

/** A pod's host name counts within the service that its subdomain names. */
export function hostnameIn(service: Service, { spec }: Pod): string | undefined {
  const isNamed = spec?.hostname !== undefined && spec.hostname !== '' && spec.subdomain === service.metadata.name
  return isNamed ? spec.hostname : undefined
}

function selects({ spec }: Service, { metadata }: Pod): boolean {
  for (const name in spec!.selector) if (metadata.labels?.[name] !== spec!.selector[name]) return false
  return true
}

/** What of a pod its services show; undefined values stand for what is not there. */
function visible(pod: Pod): unknown {
  const { deletionTimestamp, labels, uid } = pod.metadata
  const { nodeName, hostname, subdomain } = pod.spec ?? {}
  const isGoing = deletionTimestamp !== undefined
  return [uid, isGoing, labels, nodeName, hostname, subdomain, isReady(pod), isTerminal(pod), addressesOf(pod)]
}
