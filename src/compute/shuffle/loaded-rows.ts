import type { NativeBuffer } from './native-buffer.ts'
import { decodeValue } from '../wire/values.ts'

/** Rows that lie in one buffer: where keys begin and end, and where values end. */
export interface LoadedRows {
  readonly bytes: NativeBuffer
  readonly starts: Uint32Array
  readonly keyEnds: Uint32Array
  readonly ends: Uint32Array
  readonly isSelf: Uint8Array
  readonly count: number
}

/** The record of a row: its key, without the mark that says that it is a string, or what was encoded behind it. */
export function recordAt({ bytes, starts, keyEnds, ends, isSelf }: LoadedRows, row: number, ascii: boolean): unknown {
  if (isSelf[row] === 0) return decodeValue(bytes.subarray(keyEnds[row]!, ends[row]))
  const from = starts[row]! + 1
  return ascii ? bytes.latin1Slice(from, keyEnds[row]) : bytes.utf8Slice(from, keyEnds[row])
}
