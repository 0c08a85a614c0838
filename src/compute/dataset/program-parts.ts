import type { ParquetColumn } from '../sinks/parquet-columns.ts'
import type { RecordBatches } from '../shuffle/record-batches.ts'

/** The formats that need libraries: they travel in a bundle of their own, which only stages that use them are given. */
export interface ColumnarFormats {
  readParquet?(source: ByteSource, task: ColumnarTask, columns: readonly string[] | undefined): RecordBatches
  /** The rows of some of a file's record batches. */
  readArrow?(source: ByteSource, task: ColumnarTask): RecordBatches
  readArrowStream?(bytes: Uint8Array): RecordBatches
  openParquet?(columns: readonly ParquetColumn[]): ParquetFile
  toTable?(records: unknown[]): unknown
}

/** A Parquet file that is written group by group. */
export interface ParquetFile {
  /** The values of each column, in their order; gives the bytes that the group takes in the file. */
  write(columns: readonly (readonly unknown[])[]): Uint8Array
  /** What follows the last group. */
  finish(): Uint8Array
}

/** Bytes that can be read at any place. */
export interface ByteSource {
  readonly byteLength: number
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>
}

/** Rows of a Parquet file, record batches of an Arrow file. */
export interface ColumnarTask {
  readonly rowStart: number
  readonly rowEnd: number
}
