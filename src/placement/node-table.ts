import type { Node, Pod } from '../api/generated/core-v1.ts'
import { affinityTerms, TermGroups } from './affinity-terms.ts'
import { amountsOf } from './amounts.ts'
import type { HostPort } from './host-ports.ts'
import { createPodInfo } from './pod-info.ts'
import type { PodInfo } from './pod-info.ts'
import { PodSorts } from './pod-sorts.ts'
import { Topology } from './topology.ts'

/** One resource over all nodes: what each has to give, and what its pods have asked for, by slot. */
export interface ResourceColumn {
  allocatable: Float64Array
  requested: Float64Array
}

/**
 * Nodes and what is left on them, in typed arrays by slot, so that a decision reads numbers that lie side by side. A slot
 * belongs to one node from {@link NodeTable.putNode} until it is removed and has no pods left.
 */
export interface NodeTable {
  /** Slots in use lie below this; some of them may be empty. */
  readonly size: number
  /** How many nodes there are. */
  readonly count: number
  /** How many nodes are cordoned, and how many have taints: where there are none, nobody needs to look. */
  readonly cordoned: number
  readonly tainted: number
  /** Pods on nodes by what selectors see of them, and by what they ask of pods around them. */
  readonly sorts: PodSorts
  readonly terms: TermGroups
  node(slot: number): Node | undefined
  slotOf(name: string): number | undefined
  putNode(node: Node): void
  removeNode(name: string): void
  /** Counts a pod as on `nodeName`, which need not be known yet. */
  addPod(pod: Pod, nodeName: string): void
  removePod(pod: Pod, nodeName: string): void
  /** What {@link addPod} would count; to be added and removed again within one turn, as trials do. */
  infoOf(pod: Pod): PodInfo
  addInfo(info: PodInfo, slot: number): void
  removeInfo(info: PodInfo, slot: number): void
  /** The pods on a node. */
  podsOn(slot: number): readonly PodInfo[]
  /** Exact requests of a resource such as `cpu` (thousandths), `memory` (bytes) or `pods`; absent where no node has it. */
  column(resource: string): ResourceColumn | undefined
  /** Requests with defaults assumed where a container names none: for scores. `cpu` and `memory` only. */
  assumed(resource: 'cpu' | 'memory'): Float64Array
  portsOf(slot: number): readonly HostPort[]
  /** The nodes' values of a label. */
  topology(key: string): Topology
  /** How many nodes hold an image of that name, and its size in bytes; undefined where none does. */
  image(name: string): ImageOnNodes | undefined
}

export interface ImageOnNodes {
  sizeBytes: number
  readonly slots: Set<number>
}

const FIRST_CAPACITY = 16

export function createNodeTable(): NodeTable {
  return new TypedNodeTable()
}

class TypedNodeTable implements NodeTable {
  readonly sorts = new PodSorts()
  readonly terms = new TermGroups()
  cordoned = 0
  tainted = 0
  readonly #nodes: (Node | undefined)[] = []
  readonly #pods: PodInfo[][] = []
  readonly #ports: HostPort[][] = []
  readonly #slots = new Map<string, number>()
  readonly #free: number[] = []
  readonly #columns = new Map<string, ResourceColumn>()
  readonly #topologies = new Map<string, Topology>()
  readonly #images = new Map<string, ImageOnNodes>()
  #assumed: Record<'cpu' | 'memory', Float64Array>
  #capacity = FIRST_CAPACITY
  #count = 0

  constructor() {
    this.#assumed = { cpu: new Float64Array(FIRST_CAPACITY), memory: new Float64Array(FIRST_CAPACITY) }
  }

  get size() {
    return this.#nodes.length
  }

  get count() {
    return this.#count
  }

  node(slot: number) {
    return this.#nodes[slot]
  }

  slotOf(name: string) {
    return this.#slots.get(name)
  }

  column(resource: string) {
    return this.#columns.get(resource)
  }

  assumed(resource: 'cpu' | 'memory') {
    return this.#assumed[resource]
  }

  portsOf(slot: number) {
    return this.#ports[slot] ?? []
  }

  podsOn(slot: number) {
    return this.#pods[slot] ?? []
  }

  image(name: string) {
    return this.#images.get(name)
  }

  topology(key: string) {
    const known = this.#topologies.get(key)
    if (known !== undefined) return known
    const topology = new Topology(key, this.#capacity)
    for (const [slot, node] of this.#nodes.entries())
      if (node !== undefined) topology.enter(slot, node.metadata.labels?.[key])
    this.#topologies.set(key, topology)
    return topology
  }

  putNode(node: Node) {
    const slot = this.#takeSlot(node.metadata.name ?? '')
    const previous = this.#nodes[slot]
    this.#nodes[slot] = node
    if (previous === undefined) this.#count += 1
    this.#countMarks(previous, -1)
    this.#countMarks(node, 1)
    this.#putLabels(slot, node, previous)
    if (previous?.status?.images !== node.status?.images) {
      this.#putImages(slot, previous, false)
      this.#putImages(slot, node, true)
    }
    if (previous !== undefined && previous.status?.allocatable === node.status?.allocatable) return
    this.#clearCapacity(slot)
    for (const [resource, amount] of Object.entries(amountsOf(node.status?.allocatable))) {
      this.#columnFor(resource).allocatable[slot] = amount
    }
  }

  removeNode(name: string) {
    const slot = this.#slots.get(name)
    if (slot === undefined) return
    const node = this.#nodes[slot]
    if (node === undefined) return
    this.#nodes[slot] = undefined
    this.#count -= 1
    this.#countMarks(node, -1)
    this.#putImages(slot, node, false)
    for (const topology of this.#topologies.values()) {
      topology.leave(slot)
      topology.clear(slot)
    }
    this.#clearCapacity(slot)
    this.#giveBack(name, slot)
  }

  addPod(pod: Pod, nodeName: string) {
    this.addInfo(this.infoOf(pod), this.#takeSlot(nodeName))
  }

  infoOf(pod: Pod) {
    const terms = affinityTerms(pod).map((term) => this.terms.groupOf(term))
    return createPodInfo(pod, this.sorts.sortOf(pod), terms)
  }

  addInfo(info: PodInfo, slot: number) {
    this.#countPod(info, slot, 1)
    this.#pods[slot]?.push(info)
    if (info.ports.length > 0) this.#ports[slot]?.push(...info.ports)
  }

  removePod(pod: Pod, nodeName: string) {
    const slot = this.#slots.get(nodeName)
    const info = slot === undefined ? undefined : this.#pods[slot]?.find((each) => each.pod === pod)
    if (slot === undefined || info === undefined) return
    this.removeInfo(info, slot)
    this.#giveBack(nodeName, slot)
  }

  removeInfo(info: PodInfo, slot: number) {
    const pods = this.#pods[slot] ?? []
    const at = pods.lastIndexOf(info)
    if (at < 0) return
    pods[at] = pods[pods.length - 1] ?? info
    pods.pop()
    this.#countPod(info, slot, -1)
    for (const port of info.ports) removeFirst(this.#ports[slot] ?? [], port)
  }

  #columnFor(resource: string): ResourceColumn {
    const known = this.#columns.get(resource)
    if (known !== undefined) return known
    const column = { allocatable: new Float64Array(this.#capacity), requested: new Float64Array(this.#capacity) }
    this.#columns.set(resource, column)
    return column
  }

  #takeSlot(name: string): number {
    const slot = this.#slots.get(name) ?? this.#free.pop() ?? this.#nodes.length
    if (slot >= this.#capacity) this.#grow()
    if (slot >= this.#nodes.length) this.#nodes.push(undefined)
    this.#ports[slot] ??= []
    this.#pods[slot] ??= []
    this.#slots.set(name, slot)
    return slot
  }

  #grow() {
    this.#capacity *= 2
    for (const column of this.#columns.values()) {
      column.allocatable = enlarged(column.allocatable, this.#capacity)
      column.requested = enlarged(column.requested, this.#capacity)
    }
    for (const topology of this.#topologies.values()) topology.grow(this.#capacity)
    const { cpu, memory } = this.#assumed
    this.#assumed = { cpu: enlarged(cpu, this.#capacity), memory: enlarged(memory, this.#capacity) }
  }

  #countMarks(node: Node | undefined, amount: 1 | -1) {
    if (node?.spec?.unschedulable === true) this.cordoned += amount
    if ((node?.spec?.taints?.length ?? 0) > 0) this.tainted += amount
  }

  #putLabels(slot: number, node: Node, previous: Node | undefined) {
    if (previous !== undefined && previous.metadata.labels === node.metadata.labels) return
    for (const topology of this.#topologies.values()) {
      if (previous !== undefined) topology.leave(slot)
      topology.enter(slot, node.metadata.labels?.[topology.key])
    }
  }

  #putImages(slot: number, node: Node | undefined, isThere: boolean) {
    for (const { names = [], sizeBytes = 0 } of node?.status?.images ?? []) {
      for (const name of names) {
        const image = this.#images.get(name) ?? { sizeBytes: Number(sizeBytes), slots: new Set<number>() }
        if (isThere) image.slots.add(slot)
        else image.slots.delete(slot)
        image.sizeBytes = Number(sizeBytes)
        if (image.slots.size === 0) this.#images.delete(name)
        else this.#images.set(name, image)
      }
    }
  }

  #clearCapacity(slot: number) {
    for (const column of this.#columns.values()) column.allocatable[slot] = 0
  }

  /** A slot is given back only when neither node nor pods refer to it, so that late deletions still find their numbers. */
  #giveBack(name: string, slot: number) {
    if (this.#nodes[slot] !== undefined || (this.#pods[slot]?.length ?? 0) > 0) return
    this.#slots.delete(name)
    this.#free.push(slot)
  }

  #countPod({ requests, sort, terms }: PodInfo, slot: number, sign: 1 | -1) {
    const { exact, assumed } = requests
    for (const resource in exact) addTo(this.#columnFor(resource).requested, slot, sign * (exact[resource] ?? 0))
    addTo(this.#columnFor('pods').requested, slot, sign)
    addTo(this.#assumed.cpu, slot, sign * (assumed['cpu'] ?? 0))
    addTo(this.#assumed.memory, slot, sign * (assumed['memory'] ?? 0))
    this.sorts.add(sort, slot, sign)
    for (const group of terms) this.terms.add(group, slot, sign)
  }
}

function enlarged(array: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity)
  larger.set(array)
  return larger
}

function addTo(array: Float64Array, slot: number, amount: number): void {
  array[slot] = (array[slot] ?? 0) + amount
}

function removeFirst(ports: HostPort[], gone: HostPort): void {
  const at = ports.findIndex(
    (port) => port.port === gone.port && port.ip === gone.ip && port.protocol === gone.protocol,
  )
  if (at >= 0) ports.splice(at, 1)
}
