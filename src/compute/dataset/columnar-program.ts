import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { tableFromArrays, tableFromIPC, tableFromJSON } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { ByteWriter, parquetWriteRows } from 'hyparquet-writer'
import type { CreateProgram } from '../worker/program.ts'
import { pipelineProgram } from './pipeline-program.ts'
import type { ColumnarFormats } from './program-parts.ts'

const compressors = {
  GZIP: (bytes: Uint8Array) => gunzipSync(bytes),
  ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes),
  BROTLI: (bytes: Uint8Array) => brotliDecompressSync(bytes),
}

const formats: ColumnarFormats = {
  async *readParquet(file, { rowStart, rowEnd }, columns) {
    yield await parquetReadObjects({
      file,
      rowStart,
      rowEnd,
      compressors,
      ...(columns === undefined ? {} : { columns: [...columns] }),
    })
  },
  async *readArrow(bytes) {
    for (const batch of tableFromIPC(bytes).batches) yield Array.from(batch, (row) => row.toJSON() as unknown)
  },
  writeParquet(rows, rowGroupRows) {
    const writer = new ByteWriter()
    const names = new Set(rows.flatMap((row) => Object.keys(row)))
    const columns = Array.from(names, (name) => ({ name }))
    void parquetWriteRows({ writer, rows: [...rows], columns, rowGroupSize: rowGroupRows })
    return writer.getBytes()
  },
  toTable: (records) =>
    records.length === 0 ? tableFromArrays({}) : tableFromJSON(records as Record<string, unknown>[]),
}

/** The program of stages that read or write Parquet or Arrow: it brings their libraries. */
export const createProgram: CreateProgram = pipelineProgram(formats)
