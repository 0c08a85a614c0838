/** One flush of a task's rows: for each partition where its bytes lie in the file, and what they must be. */
export interface Segment {
  /** `offsets[p]` to `offsets[p + 1]` are the bytes of partition p. */
  readonly offsets: Float64Array
  /** The same as if nothing had been compressed, where it was: readers hold the rows, not the file. */
  readonly plainOffsets?: Float64Array
  /** CRC-32 of each partition's bytes. */
  readonly checksums: Uint32Array
  readonly rows: Uint32Array
}

/** What one attempt of a task left on its worker for those who read from it. */
export interface Output {
  /** Of the worker that holds it. */
  readonly address: string
  /** Named after the attempt: another one never writes into it. */
  readonly file: string
  readonly compressed: boolean
  readonly segments: readonly Segment[]
}

/** What a reader needs to know of one output: the bytes of its own partitions. */
export interface PartRef {
  /** By which the reader says that it is lost. */
  readonly id: number
  readonly address: string
  readonly file: string
  readonly compressed: boolean
  /** From, to and checksum of each piece, one after the other. */
  readonly pieces: Float64Array
}

/** A task that reads parts. */
export interface PartsTask {
  /** One list for each side: a join has two. */
  readonly sides: readonly (readonly PartRef[])[]
  /** Only the keys of one piece of so many: the partition is too large for one task. */
  readonly piece?: { readonly index: number; readonly of: number }
  readonly lonely?: LonelyRows
}

/**
 * Of an outer join whose other side is cut: rows of a side that met nobody at all can be told by none of the tasks that read a share of
 * the other one. They leave them out, and further tasks give these alone, for which they read the other side's keys.
 */
export type LonelyRows =
  | { readonly are: 'left out'; readonly of: readonly (0 | 1)[] }
  | { readonly are: 'all'; readonly side: 0 | 1; readonly of?: never }

/** Which flushes of an output are read: from one up to another. */
export type SegmentRange = readonly [from: number, to: number]

/** Of the file: what travels. */
export function bytesOf(output: Output): number {
  return output.segments.reduce((sum, { offsets }) => sum + offsets.at(-1)! - offsets[0]!, 0)
}

export function rowsOfOutput(output: Output): number {
  return output.segments.reduce((sum, { rows }) => sum + rows.reduce((all, count) => all + count, 0), 0)
}

/** Bytes of `output` for partitions `from` up to `to`, as whoever reads them holds them. */
export function partitionBytes({ segments }: Pick<Output, 'segments'>, from: number, to: number): number {
  return segments.reduce((sum, { offsets, plainOffsets: at = offsets }) => sum + at[to]! - at[from]!, 0)
}

/** Where the bytes of partitions `from` up to `to` lie; each partition has a checksum of its own. */
export function refTo(
  id: number,
  output: Output,
  from: number,
  to: number,
  segments: SegmentRange = [0, Infinity],
): PartRef | undefined {
  const pieces: number[] = []
  for (const { offsets, checksums } of output.segments.slice(...segments)) {
    for (let partition = from; partition < to; partition++) {
      const start = offsets[partition]!
      const end = offsets[partition + 1]!
      if (end > start) pieces.push(start, end, checksums[partition]!)
    }
  }
  if (pieces.length === 0) return undefined
  const { address, file, compressed } = output
  return { id, address, file, compressed, pieces: Float64Array.from(pieces) }
}

/** Whether two attempts made the same for partitions `from` up to `to`. */
export function isSame(left: Output, right: Output, from: number, to: number): boolean {
  const sums = ({ segments }: Output) => segments.map(({ checksums }) => checksums.subarray(from, to).join()).join(';')
  return sums(left) === sums(right)
}
