/** A partition should have about this much of the input. */
const PARTITION_BYTES = 4 * 1024 * 1024
const SORT_BYTES = 6 * 1024 * 1024
const MOST = 512
/** Functions may make much of little: what turns out small is read together, what is large can no longer be cut well. */
const LEAST = 16
/** Smaller inputs are not worth looking through for keys that cut them. */
const SMALL_BYTES = 256 * 1024

/** Into how many partitions to cut by hash what comes of `bytes` of input, for `threads` threads. */
export function partitionCount(bytes: number | undefined, threads: number): number {
  if (bytes === undefined) return Math.min(MOST, threads * 16)
  return Math.min(MOST, Math.max(LEAST, threads * 3, Math.ceil(bytes / PARTITION_BYTES)))
}

/** The same by ranges of keys. */
export function rangeCount(bytes: number | undefined, threads: number): number {
  if (bytes === undefined) return Math.min(MOST, threads * 16)
  if (bytes <= SMALL_BYTES) return 1
  return Math.min(MOST, Math.max(threads * 3, Math.ceil(bytes / SORT_BYTES)))
}
