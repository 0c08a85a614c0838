import type { Container, Pod } from '../api/generated/core-v1.ts'
import { amountsOf, larger, sum } from './amounts.ts'
import type { Amounts } from './amounts.ts'

/** What Kubernetes' scores assume of a container that names no request: 100 thousandths of a CPU and 200 MiB. */
export const DEFAULT_REQUEST: Amounts = { cpu: 100, memory: 200 * 1024 * 1024 }

/** What a pod asks of its node. */
export interface PodRequests {
  /** By the filters: the pod as a whole, or its containers together, or the largest moment of the init containers; with overhead. */
  readonly exact: Amounts
  /** By the scores: as `exact`, with {@link DEFAULT_REQUEST} where a container names no cpu or memory. */
  readonly assumed: Amounts
}

const kept = new WeakMap<Pod['spec'] & object, PodRequests>()
const keptOfResized = new WeakMap<Pod, PodRequests>()

/**
 * The requests of `pod`, computed as Kubernetes' `PodRequests` does: restartable init containers (sidecars) count with
 * the containers, and with each init container that starts after them; what the pod asks for as a whole counts in their place.
 * While a change of its resources is under way it asks for the most of what its spec says, what its node has granted and what
 * is in force; for a change that can never be, of the last two.
 */
export function podRequests(pod: Pod): PodRequests {
  return isChanged(pod) ? requestsOfResized(pod) : specRequests(pod)
}

/** What the spec alone says. */
export function specRequests(pod: Pod): PodRequests {
  const spec = pod.spec
  if (spec === undefined) return { exact: {}, assumed: {} }
  const known = kept.get(spec)
  if (known !== undefined) return known
  const requests = requestsBy(pod, ({ resources }) => amountsOf(resources?.requests))
  kept.set(spec, requests)
  return requests
}

/** Of a pod whose spec never changed the status says the same: only others are looked at closely. */
const isChanged = ({ metadata, status }: Pod) =>
  (metadata.generation ?? 1) > 1 && (status?.containerStatuses?.length ?? 0) > 0

function requestsOfResized(pod: Pod): PodRequests {
  const known = keptOfResized.get(pod)
  if (known !== undefined) return known
  const { containerStatuses = [], initContainerStatuses = [], conditions } = pod.status ?? {}
  const statuses = new Map([...containerStatuses, ...initContainerStatuses].map((one) => [one.name, one]))
  const pending = conditions?.find(({ type }) => type === 'PodResizePending')
  const requests = requestsBy(pod, (container) => {
    const asked = amountsOf(container.resources?.requests)
    const status = statuses.get(container.name)
    if (status?.resources === undefined) return asked
    const held = larger(amountsOf(status.resources.requests), amountsOf(status.allocatedResources))
    return pending?.reason === 'Infeasible' ? held : larger(asked, held)
  })
  keptOfResized.set(pod, requests)
  return requests
}

const requestsBy = (pod: Pod, requestOf: (container: Container) => Amounts): PodRequests => ({
  exact: total(pod, requestOf),
  assumed: total(pod, (container) => ({ ...DEFAULT_REQUEST, ...requestOf(container) })),
})

function total(pod: Pod, requestOf: (container: Container) => Amounts): Amounts {
  let running: Amounts = {}
  for (const container of pod.spec?.containers ?? []) running = sum(running, requestOf(container))
  let sidecars: Amounts = {}
  let starting: Amounts = {}
  for (const container of pod.spec?.initContainers ?? []) {
    const request = requestOf(container)
    if (container.restartPolicy === 'Always') {
      sidecars = sum(sidecars, request)
      starting = larger(starting, sidecars)
    } else starting = larger(starting, sum(sidecars, request))
  }
  const asked = larger(sum(running, sidecars), starting)
  const ofPod = pod.spec?.resources?.requests
  return sum(ofPod === undefined ? asked : { ...asked, ...podLevel(ofPod) }, amountsOf(pod.spec?.overhead))
}

/** What the pod asks for as a whole stands for what its containers ask, of the resources that can be asked for so. */
function podLevel(requests: Readonly<Record<string, string | number>>): Amounts {
  const names = Object.keys(requests).filter(
    (name) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-'),
  )
  return amountsOf(Object.fromEntries(names.map((name) => [name, requests[name]!])))
}
