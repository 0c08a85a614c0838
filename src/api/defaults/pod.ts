import type { Draft } from '../draft.ts'
import type { Container, Pod, PodSpec, PodTemplateSpec } from '../generated/core-v1.ts'
import { defaultContainer, defaultRequests } from './container.ts'
import { podAmounts } from '../quota/pod-usage.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'
import { defaultVolume } from './volume.ts'

export function defaultPod(pod: Draft<Pod>): void {
  copyAddress(pod)
  const spec = (pod.spec ??= { containers: [] })
  setDefaults(spec, { enableServiceLinks: true })
  defaultPodSpec(spec)
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) defaultRequests(container)
  defaultPodRequests(spec)
  if (spec.hostNetwork === true) defaultHostPorts(spec)
}

/** What templates get too; a pod gets some more. */
export function defaultPodTemplate(template: Draft<PodTemplateSpec> | undefined): void {
  if (template?.spec !== undefined) defaultPodSpec(template.spec)
}

export function defaultPodSpec(spec: Draft<PodSpec>): void {
  setDefaultsOfZero(spec, { dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler' })
  setDefaults(spec, { terminationGracePeriodSeconds: 30, securityContext: {} })
  copyServiceAccount(spec)
  spec.volumes?.forEach(defaultVolume)
  for (const container of allContainers(spec)) defaultContainer(container)
}

/** `podIP` is the first of `podIPs`. Whoever knows only the one has written both; where they differ it alone counts. */
function copyAddress({ status }: Draft<Pod>): void {
  if (!status) return
  const first = status.podIPs?.[0]?.ip
  if (status.podIP && first !== status.podIP) status.podIPs = [{ ip: status.podIP }]
  else if (!status.podIP && first) status.podIP = first
}

/** `serviceAccount` is the old name of `serviceAccountName`: both are served. */
function copyServiceAccount(spec: Draft<PodSpec>): void {
  const name = spec.serviceAccountName ?? spec.serviceAccount
  if (name !== undefined && name !== '') Object.assign(spec, { serviceAccountName: name, serviceAccount: name })
}

function allContainers(spec: Draft<PodSpec>): Draft<Container>[] {
  const ephemeral = (spec.ephemeralContainers ?? []) as Draft<Container>[]
  return [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...ephemeral]
}

function defaultHostPorts(spec: Draft<PodSpec>): void {
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const port of container.ports ?? []) setDefaultsOfZero(port, { hostPort: port.containerPort })
  }
}

/** Limits of the pod as a whole are requested too, as those of containers are. */
function defaultPodRequests(spec: Draft<PodSpec>): void {
  const limits = spec.resources?.limits
  if (limits === undefined || spec.resources === undefined) return
  const requests = (spec.resources.requests ??= {})
  // What the containers request together is what the pod does; of what none of them does, its limit.
  const { containers, initContainers = [] } = spec as PodSpec
  const together = podAmounts({ containers, initContainers }, 'requests')
  for (const name of ['cpu', 'memory']) {
    const amount = together[name]
    if (amount !== undefined) requests[name] ??= amount
  }
  for (const [name, limit] of Object.entries(limits)) {
    if (name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')) requests[name] ??= limit
  }
}
