/** A part of a file, cut between lines, and what the file was when it was cut. */
export interface TextRange {
  readonly path: string
  readonly from: number
  readonly to: number
  /** Device, inode, size and time of change in nanoseconds: the same file, unchanged, or another. */
  readonly identity: string
}

/** A task's payload: where to read, and the bytes themselves, one range after the other, where the worker cannot. */
export interface TextTask {
  readonly ranges: readonly TextRange[]
  readonly bytes?: Uint8Array
}

export function identityOf(stat: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`
}
