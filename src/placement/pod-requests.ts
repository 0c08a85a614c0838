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

/**
 * The requests of `pod`, computed as Kubernetes' `PodRequests` does: restartable init containers (sidecars) count with
 * the containers, and with each init container that starts after them; what the pod asks for as a whole counts in their place.
 */
export function podRequests(pod: Pod): PodRequests {
  const spec = pod.spec
  if (spec === undefined) return { exact: {}, assumed: {} }
  const known = kept.get(spec)
  if (known !== undefined) return known
  const requests = { exact: total(pod, exactRequest), assumed: total(pod, assumedRequest) }
  kept.set(spec, requests)
  return requests
}

const exactRequest = (container: Container): Amounts => amountsOf(container.resources?.requests)
const assumedRequest = (container: Container): Amounts => ({ ...DEFAULT_REQUEST, ...exactRequest(container) })

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
