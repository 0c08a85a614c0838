import type { Node, Pod } from '../api/generated/core-v1.ts'
import { amountsOf } from '../placement/amounts.ts'
import { hostPorts } from '../placement/host-ports.ts'
import type { HostPort } from '../placement/host-ports.ts'
import { podRequests } from '../placement/pod-requests.ts'

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
  node(slot: number): Node | undefined
  slotOf(name: string): number | undefined
  putNode(node: Node): void
  removeNode(name: string): void
  /** Counts a pod as on `nodeName`, which need not be known yet. */
  addPod(pod: Pod, nodeName: string): void
  removePod(pod: Pod, nodeName: string): void
  /** Exact requests of a resource such as `cpu` (thousandths), `memory` (bytes) or `pods`; absent where no node has it. */
  column(resource: string): ResourceColumn | undefined
  /** Requests with defaults assumed where a container names none: for scores. `cpu` and `memory` only. */
  assumed(resource: 'cpu' | 'memory'): Float64Array
  portsOf(slot: number): readonly HostPort[]
}

const FIRST_CAPACITY = 16

export function createNodeTable(): NodeTable {
  return new TypedNodeTable()
}

class TypedNodeTable implements NodeTable {
  readonly #nodes: (Node | undefined)[] = []
  readonly #ports: HostPort[][] = []
  readonly #podCounts: number[] = []
  readonly #slots = new Map<string, number>()
  readonly #free: number[] = []
  readonly #columns = new Map<string, ResourceColumn>()
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

  putNode(node: Node) {
    const slot = this.#takeSlot(node.metadata.name ?? '')
    if (this.#nodes[slot] === undefined) this.#count += 1
    this.#nodes[slot] = node
    this.#clearCapacity(slot)
    for (const [resource, amount] of Object.entries(amountsOf(node.status?.allocatable))) {
      this.#columnFor(resource).allocatable[slot] = amount
    }
  }

  removeNode(name: string) {
    const slot = this.#slots.get(name)
    if (slot === undefined || this.#nodes[slot] === undefined) return
    this.#nodes[slot] = undefined
    this.#count -= 1
    this.#clearCapacity(slot)
    this.#giveBack(name, slot)
  }

  addPod(pod: Pod, nodeName: string) {
    const slot = this.#takeSlot(nodeName)
    this.#countPod(pod, slot, 1)
    this.#ports[slot]?.push(...hostPorts(pod))
  }

  removePod(pod: Pod, nodeName: string) {
    const slot = this.#slots.get(nodeName)
    if (slot === undefined) return
    this.#countPod(pod, slot, -1)
    for (const port of hostPorts(pod)) removeFirst(this.#ports[slot] ?? [], port)
    this.#giveBack(nodeName, slot)
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
    this.#podCounts[slot] ??= 0
    this.#slots.set(name, slot)
    return slot
  }

  #grow() {
    this.#capacity *= 2
    for (const column of this.#columns.values()) {
      column.allocatable = enlarged(column.allocatable, this.#capacity)
      column.requested = enlarged(column.requested, this.#capacity)
    }
    const { cpu, memory } = this.#assumed
    this.#assumed = { cpu: enlarged(cpu, this.#capacity), memory: enlarged(memory, this.#capacity) }
  }

  #clearCapacity(slot: number) {
    for (const column of this.#columns.values()) column.allocatable[slot] = 0
  }

  /** A slot is given back only when neither node nor pods refer to it, so that late deletions still find their numbers. */
  #giveBack(name: string, slot: number) {
    if (this.#nodes[slot] !== undefined || this.#podCounts[slot] !== 0) return
    this.#slots.delete(name)
    this.#free.push(slot)
  }

  #countPod(pod: Pod, slot: number, sign: 1 | -1) {
    const { exact, assumed } = podRequests(pod)
    for (const [resource, amount] of Object.entries(exact))
      addTo(this.#columnFor(resource).requested, slot, sign * amount)
    addTo(this.#columnFor('pods').requested, slot, sign)
    addTo(this.#assumed.cpu, slot, sign * (assumed['cpu'] ?? 0))
    addTo(this.#assumed.memory, slot, sign * (assumed['memory'] ?? 0))
    this.#podCounts[slot] = (this.#podCounts[slot] ?? 0) + sign
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
