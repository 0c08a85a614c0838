/**
 * The values of one node label over all nodes, as small numbers by slot: pods that spread or gather by a label such as
 * `topology.kubernetes.io/zone` count per value.
 */
export class Topology {
  readonly key: string
  /** By slot: the number of the node's value, or -1 where the node has no such label. */
  ids: Int32Array
  /** How many nodes have the value of that number. */
  readonly nodes: number[] = []
  /** How many nodes have no such label. */
  missing = 0
  /** Rises whenever a slot's number changes, so that sums made before are not used any more. */
  version = 0
  readonly #numbers = new Map<string, number>()

  constructor(key: string, capacity: number) {
    this.key = key
    this.ids = new Int32Array(capacity).fill(-1)
  }

  /** How many numbers were given out: sums need that much room. */
  get size() {
    return this.nodes.length
  }

  grow(capacity: number) {
    const ids = new Int32Array(capacity).fill(-1)
    ids.set(this.ids)
    this.ids = ids
  }

  /** A node has come to the slot, with that value or none. */
  enter(slot: number, value: string | undefined) {
    const id = value === undefined ? -1 : this.#numberOf(value)
    if (id < 0) this.missing += 1
    else this.nodes[id] = (this.nodes[id] ?? 0) + 1
    if (this.ids[slot] !== id) this.version += 1
    this.ids[slot] = id
  }

  /** The node of the slot has gone, or is about to enter anew. */
  leave(slot: number) {
    const id = this.ids[slot] ?? -1
    if (id < 0) this.missing -= 1
    else this.nodes[id] = (this.nodes[id] ?? 0) - 1
  }

  /** No node is at the slot any more. */
  clear(slot: number) {
    if (this.ids[slot] !== -1) this.version += 1
    this.ids[slot] = -1
  }

  #numberOf(value: string): number {
    const known = this.#numbers.get(value)
    if (known !== undefined) return known
    const id = this.nodes.length
    this.#numbers.set(value, id)
    this.nodes.push(0)
    return id
  }
}
