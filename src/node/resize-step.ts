import type { Container, Pod } from '../api/generated/core-v1.ts'
import { compareQuantities } from '../api/meta/quantity.ts'
import { initContainers, isRunning, isSidecar, mainContainers, recordOf } from './pod-record.ts'
import type { PodRecord } from './pod-record.ts'
import { isOver } from './restart-backoff.ts'

type Resources = NonNullable<Container['resources']>

/** Only these are changed in place. */
const RESIZED = ['cpu', 'memory'] as const
/** What to do about resources that were changed in the spec: first they are granted, then given. */
export type ResizeStep =
  | { readonly do: 'grant' }
  | { readonly do: 'resize'; readonly containers: readonly Container[] }
  | { readonly do: 'wait'; readonly untilMs: number }

/** Undefined where every running container has what its spec asks for. */
export function resizeStep(pod: Pod, record: PodRecord, nowMs: number): ResizeStep | undefined {
  const running = resizable(pod).filter(({ name }) => isRunning(recordOf(record, name)))
  const ungranted = running.filter((container) => !same(container.resources, grantedTo(pod, record, container)))
  const { resize } = record
  const isHeldBack =
    resize?.notBeforeMs !== undefined && resize.wanted === wantedBy(pod) && !isOver(resize.notBeforeMs, nowMs)
  if (ungranted.length > 0 || resize?.type === 'Error') {
    if (isHeldBack) return { do: 'wait', untilMs: resize.notBeforeMs }
    if (ungranted.length > 0) return { do: 'grant' }
  }
  const containers = running.filter((container) => {
    const known = recordOf(record, container.name)
    return known.granted !== undefined && !same(known.granted, known.inForce)
  })
  return containers.length > 0 ? { do: 'resize', containers } : undefined
}

/** The containers whose resources may be changed. */
export const resizable = (pod: Pod) => [...mainContainers(pod), ...initContainers(pod).filter(isSidecar)]

/** The pod's resources as one text: what was refused is looked at again as soon as something else is asked for. */
export const wantedBy = (pod: Pod) => JSON.stringify(resizable(pod).map(({ resources }) => resources ?? {}))

/** A container of an earlier life of the agent has what its status says. */
export function grantedTo({ status }: Pod, record: PodRecord, container: Container): Resources | undefined {
  const { granted } = recordOf(record, container.name)
  if (granted !== undefined) return granted
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  return all.find(({ name }) => name === container.name)?.resources ?? container.resources
}

/** The pod as its node has granted it: what it only asks for takes no room from others. */
export function asGranted(pod: Pod, record: PodRecord): Pod {
  const running = new Set(resizable(pod).filter(({ name }) => isRunning(recordOf(record, name))))
  const granted = (container: Container): Container => {
    if (!running.has(container)) return container
    const resources = grantedTo(pod, record, container)
    return same(container.resources, resources) ? container : { ...container, resources: resources ?? {} }
  }
  const { containers = [], initContainers: first = [] } = pod.spec ?? {}
  const [all, early] = [containers.map(granted), first.map(granted)]
  const isAsAsked = all.every((one, i) => one === containers[i]) && early.every((one, i) => one === first[i])
  return isAsAsked ? pod : { ...pod, spec: { ...pod.spec, containers: all, initContainers: early } }
}

function same(one: Resources | undefined, other: Resources | undefined): boolean {
  return changed(one, other).length === 0
}

/** The resources of which request or limit differ. */
export function changed(one: Resources = {}, other: Resources = {}): readonly string[] {
  const differs = (a: string | number | undefined, b: string | number | undefined) =>
    a !== b && (a === undefined || b === undefined || compareQuantities(a, b) !== 0)
  return RESIZED.filter(
    (name) =>
      differs(one.limits?.[name], other.limits?.[name]) || differs(one.requests?.[name], other.requests?.[name]),
  )
}
