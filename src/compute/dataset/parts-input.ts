import type { Shipment } from '../wire/shipped.ts'
import { encodeValue } from '../wire/values.ts'
import type { PartsTask } from '../shuffle/output.ts'
import { bytesOf, partitionBytes, rowsOfOutput } from '../shuffle/output.ts'
import { keepsLonely } from '../shuffle/join.ts'
import { bytesByPartition, refsTo, totalBytes } from './materialized.ts'
import type { Materialized } from './materialized.ts'
import type { JoinHow, Merge } from './plan.ts'
import type { OutputShare, PartsUnit, StageInput, Unit } from './stage-input.ts'

/** How much of partitions one task reads. */
export interface PartLimits {
  /** Small partitions go together up to so many bytes. */
  readonly targetBytes: number
  /** A partition that is larger is read by several tasks. */
  readonly mostBytes: number
}

export const PART_LIMITS: PartLimits = { targetBytes: 8 * 1024 * 1024, mostBytes: 48 * 1024 * 1024 }

/** The same for threads with heaps of so many bytes: a row takes several times the room there that it takes on disk. */
export function partLimitsFor(heapBytes: number): PartLimits {
  const mostBytes = Math.min(PART_LIMITS.mostBytes, Math.floor(heapBytes / 6))
  return { mostBytes, targetBytes: Math.min(PART_LIMITS.targetBytes, Math.floor(mostBytes / 2)) }
}

/** Ids of the second side's outputs begin here. */
const SECOND_SIDE = 1 << 24

/**
 * The partitions of a shuffle, of one side or two, as tasks of about the same size. `isUniform` says which partitions of a sort hold one
 * key alone.
 */
export function partitionsInput(
  sides: readonly Materialized[],
  merge: Merge<Shipment>,
  threads: number,
  limits: PartLimits = PART_LIMITS,
  isUniform: (partition: number) => boolean = () => false,
): StageInput {
  const sizes = sides.map(bytesByPartition)
  const bytes = sizes.reduce((sum, side) => side.reduce((all, own) => all + own, sum), 0)
  const targetBytes = Math.min(limits.targetBytes, Math.max(1, bytes / (threads * 3)))
  const units = partitionUnits(sides, sizes, merge, { ...limits, targetBytes }, isUniform)
  return unitsInput(
    sides,
    merge,
    units,
    sides.reduce((sum, side) => sum + totalBytes(side), 0),
  )
}

function partitionUnits(
  sides: readonly Materialized[],
  sizes: readonly Float64Array[],
  merge: Merge<Shipment>,
  limits: PartLimits,
  isUniform: (partition: number) => boolean,
): readonly Unit[] {
  const sizeOf = (partition: number) => sizes.reduce((sum, side) => sum + side[partition]!, 0)
  const count = sides[0]!.partitions
  const cuts: PartsUnit[] = []
  for (let from = 0; from < count;) {
    let bytes = sizeOf(from)
    let to = from + 1
    while (to < count && bytes + sizeOf(to) <= limits.targetBytes) bytes += sizeOf(to++)
    // Equal keys are in order as they are.
    if (bytes > limits.targetBytes && isUniform(from))
      cuts.push(...sharesOf(0, { from, to }, sides, limits.targetBytes))
    else if (bytes > limits.mostBytes) cuts.push(...split({ from, to }, sides, sizes, merge, limits.mostBytes))
    else if (bytes > 0) cuts.push({ from, to })
    from = to
  }
  return cuts.map((parts, order) => ({ order, parts }))
}

/** A partition that is too large for one task. Joins are cut by outputs, all else by keys. */
function split(
  { from, to }: PartsUnit,
  sides: readonly Materialized[],
  sizes: readonly Float64Array[],
  merge: Merge<Shipment>,
  mostBytes: number,
): readonly PartsUnit[] {
  if (merge.kind === 'sort') return [{ from, to }]
  const bytes = sizes.map((side) => side[from]!)
  if (merge.kind === 'join') return cutJoin({ from, to }, sides, bytes, merge.how, mostBytes)
  if (merge.kind === 'concat') return sharesOf(0, { from, to }, sides, mostBytes / 2)
  const of = Math.ceil(bytes.reduce((sum, each) => sum + each, 0) / mostBytes)
  return Array.from({ length: of }, (_, index) => ({ from, to, piece: { index, of } }))
}

/**
 * A join is cut by the outputs of its larger side, and each task reads all of the smaller one. The second side is the one that tasks hold:
 * where it is the smaller one and still too large for a thread, be it that all its rows have one key, it is cut as well, and each
 * share of the one side meets each of the other. There are no more tasks for that: the larger side's shares are as large as
 * all of the smaller side then.
 */
function cutJoin(
  { from, to }: PartsUnit,
  sides: readonly Materialized[],
  [first = 0, second = 0]: readonly number[],
  how: JoinHow,
  mostBytes: number,
): readonly PartsUnit[] {
  const most = mostBytes / 2
  const areBothCut = first > second && second > mostBytes
  const isCut = [first > second, first <= second || areBothCut]
  const lefts = isCut[0] ? shares(sides[0]!, from, to, areBothCut ? second : most) : [undefined]
  const rights = isCut[1] ? shares(sides[1]!, from, to, most) : [undefined]
  const cuts = lefts.flatMap((left) => rights.map((right): PartsUnit => ({ from, to, outputs: [left, right] })))
  // What met nobody in one share of the other side may meet somebody in the next one.
  const untold = ([0, 1] as const).filter((side) => isCut[1 - side] && keepsLonely(how, side))
  if (untold.length === 0) return cuts
  return [
    ...cuts.map((cut): PartsUnit => ({ ...cut, lonely: { are: 'left out', of: untold } })),
    ...untold.flatMap((side) =>
      sharesOf(side, { from, to }, sides, most).map((cut): PartsUnit => ({ ...cut, lonely: { are: 'all', side } })),
    ),
  ]
}

/** Each task reads some outputs of one side, and all of the other. */
function sharesOf(side: number, { from, to }: PartsUnit, sides: readonly Materialized[], most: number): PartsUnit[] {
  return shares(sides[side]!, from, to, most).map((own) => ({
    from,
    to,
    outputs: sides.map((_, index) => (index === side ? own : undefined)),
  }))
}

/** The outputs in groups that hold no more than a task should read; none that is empty. */
function shares({ outputs }: Materialized, from: number, to: number, most: number): OutputShare[][] {
  const groups: OutputShare[][] = []
  let held = Infinity
  const add = (share: OutputShare, bytes: number) => {
    if (bytes === 0) return
    if (held + bytes > most) {
      groups.push([])
      held = 0
    }
    groups.at(-1)!.push(share)
    held += bytes
  }
  outputs.forEach(({ segments }, output) => {
    const bytes = partitionBytes({ segments }, from, to)
    if (bytes <= most) return add({ output }, bytes)
    // A task that has made much of little has written it in many flushes. Made again, it may write it in more or fewer.
    const sizes = segments.map((segment) => partitionBytes({ segments: [segment] }, from, to))
    const filled = [...sizes.keys()].filter((at) => sizes[at]! > 0)
    filled.forEach((at, index) =>
      add({ output, segments: [index === 0 ? 0 : at, filled[index + 1] ?? Infinity] }, sizes[at]!),
    )
  })
  return groups
}

/** What was stored, one task for each output, in the order of the input. */
export function storedInput(stored: Materialized): StageInput {
  let firstIndex = 0
  const units = stored.outputs.map((output, order): Unit => {
    const unit = { order, firstIndex, parts: { from: 0, to: 1, outputs: [[{ output: order }]] } }
    firstIndex += rowsOfOutput(output)
    return unit
  })
  return unitsInput(
    [stored],
    { kind: 'concat' },
    units,
    stored.outputs.reduce((sum, output) => sum + bytesOf(output), 0),
  )
}

function unitsInput(
  sides: readonly Materialized[],
  merge: Merge<Shipment>,
  units: readonly Unit[],
  bytes: number,
): StageInput {
  let taken = 0
  return {
    input: { kind: 'parts', merge },
    totalBytes: bytes,
    next: () => units[taken++],
    isExhausted: () => taken >= units.length,
    waiting: () => units.length - taken,
    encode: ({ parts }) => encodeValue(taskOf(sides, parts!)),
    describe: ({ parts }) => {
      const { from, to, piece, lonely } = parts!
      const which = to - from === 1 ? `partition ${from}` : `partitions ${from} to ${to - 1}`
      if (lonely?.are === 'all') return `rows of ${which} that met nobody`
      return piece === undefined ? which : `piece ${piece.index + 1} of ${piece.of} of ${which}`
    },
    sample(most) {
      const every = Math.max(1, Math.floor(units.length / most))
      return unitsInput(
        sides,
        merge,
        units.filter((_, index) => index % every === 0),
        bytes,
      )
    },
    recover: (id) => (id >= SECOND_SIDE ? sides[1]!.recover(id - SECOND_SIDE) : sides[0]!.recover(id)),
  }
}

function taskOf(sides: readonly Materialized[], { from, to, piece, outputs, lonely }: PartsUnit): PartsTask {
  return {
    sides: sides.map((side, index) => refsTo(side, index * SECOND_SIDE, from, to, outputs?.[index])),
    ...(piece === undefined ? {} : { piece }),
    ...(lonely === undefined ? {} : { lonely }),
  }
}
