/** A part of a file, cut between lines, and what the file was when it was cut. */
export interface TextRange {
  /** Of a file of the driver, or the URI as the user wrote it. */
  readonly path: string
  readonly from: number
  readonly to: number
  /** Device, inode, size and time of change in nanoseconds, or the entity tag: the same file, unchanged, or another. */
  readonly identity: string
  /** Where any worker can fetch it, signed where that is needed. */
  readonly url?: string
  /** Where it lies on a volume that the workers share. */
  readonly shared?: string
  /** Of the file's own header. */
  readonly columns?: readonly string[]
}

/** A task's payload: where to read, and the bytes themselves, one range after the other, where the worker cannot. */
export interface TextTask {
  readonly ranges: readonly TextRange[]
  readonly bytes?: Uint8Array
  /** For formats that are read by rows: which of them. */
  readonly rows?: { readonly rowStart: number; readonly rowEnd: number }
  /** Size of the whole file, for formats that are read from their end. */
  readonly fileBytes?: number
}

export function identityOf(stat: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`
}
