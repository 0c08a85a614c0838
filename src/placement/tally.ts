import type { Topology } from './topology.ts'

interface Sums {
  readonly version: number
  readonly counts: Int32Array
}

/** Room beyond the values that there are, so that a new one does not mean new sums. */
const SPARE = 64

/**
 * How many pods of some sort are on each node, and together on the nodes of each topology value. Sums are made when they
 * are first asked for and kept up to date from then on, so that a decision reads them instead of counting.
 */
export class Tally {
  readonly bySlot = new Map<number, number>()
  total = 0
  readonly #sums = new Map<Topology, Sums>()

  add(slot: number, amount: number) {
    this.total += amount
    const count = (this.bySlot.get(slot) ?? 0) + amount
    if (count === 0) this.bySlot.delete(slot)
    else this.bySlot.set(slot, count)
    for (const [topology, { version, counts }] of this.#sums) {
      const id = topology.ids[slot] ?? -1
      if (version === topology.version && id >= 0 && id < counts.length) counts[id] = (counts[id] ?? 0) + amount
      else if (id >= 0) this.#sums.delete(topology)
    }
  }

  /** Counts by the number of the topology's value. Belongs to the tally; callers read it. */
  sums(topology: Topology): Int32Array {
    const known = this.#sums.get(topology)
    if (known !== undefined && known.version === topology.version && known.counts.length >= topology.size)
      return known.counts
    const counts = new Int32Array(topology.size + SPARE)
    for (const [slot, count] of this.bySlot) {
      const id = topology.ids[slot] ?? -1
      if (id >= 0) counts[id] = (counts[id] ?? 0) + count
    }
    this.#sums.set(topology, { version: topology.version, counts })
    return counts
  }
}
