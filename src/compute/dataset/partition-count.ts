/** A partition should have about this much of the input. */
const PARTITION_BYTES = 4 * 1024 * 1024
const MOST = 512
/** Smaller inputs are not worth cutting. */
const SMALL_BYTES = 256 * 1024

/** Into how many partitions to cut what comes of `bytes` of input, for `threads` threads. */
export function partitionCount(bytes: number | undefined, threads: number, each = PARTITION_BYTES): number {
  if (bytes === undefined) return Math.min(MOST, threads * 16)
  if (bytes <= SMALL_BYTES) return 1
  return Math.min(MOST, Math.max(threads * 3, Math.ceil(bytes / each)))
}
