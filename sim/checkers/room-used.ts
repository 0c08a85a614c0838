import type { Container, Node, Pod } from '../../src/api/generated/core-v1.ts'
import type { Snapshot } from '../../src/store/store.ts'
import { BATCH } from '../../src/placement/fair-share.ts'
import { GANG, GANG_SIZE } from '../../src/placement/gang.ts'
import { check } from './checker.ts'

/**
 * When nothing has happened for a while, nobody waits for room that is there, nor for room that pods of lower priority take; and of
 * a gang with enough members as many have a node as it asks for, or none. Counted with arithmetic of its own.
 */
export function checkRoomIsUsed(snapshot: Snapshot): void {
  const pods = [...snapshot.list('pods')].map(({ object }) => object as Pod).filter(isLive)
  const nodes = [...snapshot.list('nodes')].map(({ object }) => object as Node).filter(isReady)
  for (const pod of pods.filter((one) => !isPlaced(one) && one.metadata.labels?.[GANG] === undefined)) {
    for (const node of nodes) checkNodeIsFull(node, pod, pods)
  }
  checkGangs(pods)
}

const isLive = ({ status, metadata }: Pod) =>
  status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && metadata.deletionTimestamp === undefined
const isPlaced = ({ spec }: Pod) => (spec?.nodeName ?? '') !== ''
const isReady = ({ status, spec }: Node) =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true &&
  (spec?.taints ?? []).length === 0 &&
  spec?.unschedulable !== true

const cpuOf = ({ spec }: Pod) => (spec?.containers ?? []).reduce((sum, container) => sum + millisOf(container), 0)

/** Requests of the scenario are whole CPUs or thousandths: `2`, `500m`. */
function millisOf({ resources }: Container): number {
  const cpu = String(resources?.requests?.['cpu'] ?? '0')
  return cpu.endsWith('m') ? Number(cpu.slice(0, -1)) : Number(cpu) * 1000
}

function checkNodeIsFull({ metadata, status }: Node, pod: Pod, pods: readonly Pod[]): void {
  const there = pods.filter(({ spec }) => spec?.nodeName === metadata.name)
  // Batch work of a namespace with a weight makes room by share as well as by priority.
  const staying = there.filter((other) => (other.spec?.priority ?? 0) >= (pod.spec?.priority ?? 0))
  const taken = staying.reduce((sum, other) => sum + cpuOf(other), 0)
  const offered = Number(status?.allocatable?.['cpu']) * 1000
  const [free, wanted] = [offered - taken, cpuOf(pod)]
  const isFull = free < wanted || staying.length >= Number(status?.allocatable?.['pods'])
  const kind = pod.metadata.labels?.[BATCH] === undefined ? 'pod' : 'batch pod'
  check(isFull, () => `${kind} ${pod.metadata.name} waits for ${wanted}m, and ${metadata.name} could give it ${free}m`)
}

function checkGangs(pods: readonly Pod[]): void {
  const gangs = Map.groupBy(
    pods.filter(({ metadata }) => metadata.labels?.[GANG] !== undefined),
    ({ metadata }) => metadata.labels![GANG]!,
  )
  for (const [name, members] of gangs) {
    const size = Number(members[0]?.metadata.annotations?.[GANG_SIZE])
    const placed = members.filter(isPlaced).length
    const isWhole = members.length < size || placed === 0 || placed >= size
    check(isWhole, () => `${placed} of gang ${name} have a node, of ${members.length} that wait together for ${size}`)
  }
}
