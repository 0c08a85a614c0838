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
  let capacity = FIRST_CAPACITY
  const nodes: (Node | undefined)[] = []
  const ports: HostPort[][] = []
  const podCounts: number[] = []
  const slots = new Map<string, number>()
  const free: number[] = []
  const columns = new Map<string, ResourceColumn>()
  const assumed: Record<'cpu' | 'memory', Float64Array> = {
    cpu: new Float64Array(capacity),
    memory: new Float64Array(capacity),
  }
  let count = 0

  const columnFor = (resource: string): ResourceColumn => {
    const known = columns.get(resource)
    if (known !== undefined) return known
    const column = { allocatable: new Float64Array(capacity), requested: new Float64Array(capacity) }
    columns.set(resource, column)
    return column
  }

  const grow = () => {
    capacity *= 2
    for (const column of columns.values()) {
      column.allocatable = enlarged(column.allocatable, capacity)
      column.requested = enlarged(column.requested, capacity)
    }
    assumed.cpu = enlarged(assumed.cpu, capacity)
    assumed.memory = enlarged(assumed.memory, capacity)
  }

  const takeSlot = (name: string): number => {
    const slot = slots.get(name) ?? free.pop() ?? nodes.length
    if (slot >= capacity) grow()
    if (slot >= nodes.length) nodes.push(undefined)
    ports[slot] ??= []
    podCounts[slot] ??= 0
    slots.set(name, slot)
    return slot
  }

  const clearCapacity = (slot: number) => {
    for (const column of columns.values()) column.allocatable[slot] = 0
  }

  /** A slot is given back only when neither node nor pods refer to it, so that late deletions still find their numbers. */
  const giveBack = (name: string, slot: number) => {
    if (nodes[slot] !== undefined || podCounts[slot] !== 0) return
    slots.delete(name)
    free.push(slot)
  }

  const count1 = (pod: Pod, slot: number, sign: 1 | -1) => {
    const requests = podRequests(pod)
    for (const [resource, amount] of Object.entries(requests.exact))
      addTo(columnFor(resource).requested, slot, sign * amount)
    addTo(columnFor('pods').requested, slot, sign)
    addTo(assumed.cpu, slot, sign * (requests.assumed.cpu ?? 0))
    addTo(assumed.memory, slot, sign * (requests.assumed.memory ?? 0))
    podCounts[slot] = (podCounts[slot] ?? 0) + sign
  }

  return {
    get size() {
      return nodes.length
    },
    get count() {
      return count
    },
    node: (slot) => nodes[slot],
    slotOf: (name) => slots.get(name),
    putNode(node) {
      const slot = takeSlot(node.metadata.name ?? '')
      if (nodes[slot] === undefined) count += 1
      nodes[slot] = node
      clearCapacity(slot)
      for (const [resource, amount] of Object.entries(amountsOf(node.status?.allocatable))) {
        columnFor(resource).allocatable[slot] = amount
      }
    },
    removeNode(name) {
      const slot = slots.get(name)
      if (slot === undefined || nodes[slot] === undefined) return
      nodes[slot] = undefined
      count -= 1
      clearCapacity(slot)
      giveBack(name, slot)
    },
    addPod(pod, nodeName) {
      const slot = takeSlot(nodeName)
      count1(pod, slot, 1)
      ports[slot]?.push(...hostPorts(pod))
    },
    removePod(pod, nodeName) {
      const slot = slots.get(nodeName)
      if (slot === undefined) return
      count1(pod, slot, -1)
      for (const port of hostPorts(pod)) removeFirst(ports[slot] ?? [], port)
      giveBack(nodeName, slot)
    },
    column: (resource) => columns.get(resource),
    assumed: (resource) => assumed[resource],
    portsOf: (slot) => ports[slot] ?? [],
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
