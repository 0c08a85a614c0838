import { getHeapStatistics } from 'node:v8'

/** So many bytes, or less on a thread whose heap is small: at most one part in `parts` of it. */
export function heapShare(bytes: number, parts: number): number {
  return Math.min(bytes, Math.floor(getHeapStatistics().heap_size_limit / parts))
}
