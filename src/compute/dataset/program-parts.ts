import type { RecordBatches } from '../shuffle/record-batches.ts'

/** The formats that need libraries: they travel in a bundle of their own, which only stages that use them are given. */
export interface ColumnarFormats {
  readParquet?(source: ByteSource, task: ParquetTask, columns: readonly string[] | undefined): RecordBatches
  readArrow?(bytes: Uint8Array): RecordBatches
  writeParquet?(rows: readonly Record<string, unknown>[], rowGroupRows: number): Uint8Array
  toTable?(records: unknown[]): unknown
}

/** Bytes that can be read at any place. */
export interface ByteSource {
  readonly byteLength: number
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>
}

/** Rows of a Parquet file. */
export interface ParquetTask {
  readonly rowStart: number
  readonly rowEnd: number
}
