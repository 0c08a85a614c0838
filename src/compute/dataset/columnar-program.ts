import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { CompressionType, RecordBatchReader, compressionRegistry, tableFromArrays, tableFromJSON } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import type { BasicType } from 'hyparquet-writer'
import { fileHandleOf } from '../sources/arrow-handle.ts'
import type { ParquetType } from '../sinks/parquet-columns.ts'
import type { CreateProgram } from '../worker/program.ts'
import { pipelineProgram } from './pipeline-program.ts'
import type { ColumnarFormats } from './program-parts.ts'

const compressors = {
  GZIP: (bytes: Uint8Array) => gunzipSync(bytes),
  ZSTD: (bytes: Uint8Array) => zstdDecompressSync(bytes),
  BROTLI: (bytes: Uint8Array) => brotliDecompressSync(bytes),
}

compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => zstdDecompressSync(bytes) })

const PARQUET_TYPES: Readonly<Record<ParquetType, BasicType>> = {
  boolean: 'BOOLEAN',
  int32: 'INT32',
  int64: 'INT64',
  double: 'DOUBLE',
  string: 'STRING',
  timestamp: 'TIMESTAMP',
  json: 'JSON',
  bytes: 'BYTE_ARRAY',
}

const formats: ColumnarFormats = {
  async *readParquet(file, { rowStart, rowEnd }, columns) {
    yield await parquetReadObjects({
      file,
      rowStart,
      rowEnd,
      compressors,
      // What is not marked as text is bytes.
      utf8: false,
      ...(columns === undefined ? {} : { columns: [...columns] }),
    })
  },
  async *readArrow(file, { rowStart, rowEnd }) {
    const reader = await RecordBatchReader.from(fileHandleOf(file))
    await reader.open()
    for (let at = rowStart; at < rowEnd; at++) {
      const batch = await reader.readRecordBatch(at)
      if (batch === null) throw new Error(`record batch ${at} is not where the footer says`)
      yield Array.from(batch, (row) => row.toJSON() as unknown)
    }
  },
  async *readArrowStream(bytes) {
    let batches = 0
    try {
      for (const batch of RecordBatchReader.from(bytes)) {
        yield Array.from(batch, (row) => row.toJSON() as unknown)
        batches++
      }
    } catch (cause) {
      throw new Error(`record batch ${batches}: ${(cause as Error).message}`, { cause })
    }
  },
  openParquet(columns) {
    const writer = new ByteWriter()
    const named = columns.map(({ name, type }) => ({ name, type: PARQUET_TYPES[type] }))
    const schema = schemaFromColumnData({ columnData: named.map((column) => ({ ...column, data: [] })) })
    const file = new ParquetWriter({ writer, schema })
    const taken = () => {
      const bytes = Uint8Array.from(writer.getBytes())
      writer.index = 0
      return bytes
    }
    return {
      write(values) {
        const columnData = named.map(({ name }, index) => ({ name, data: [...values[index]!] }))
        void file.write({ columnData, rowGroupSize: values[0]?.length ?? 1 })
        return taken()
      },
      finish() {
        void file.finish()
        return taken()
      },
    }
  },
  toTable: (records) =>
    records.length === 0 ? tableFromArrays({}) : tableFromJSON(records as Record<string, unknown>[]),
}

/** The program of stages that read or write Parquet or Arrow: it brings their libraries. */
export const createProgram: CreateProgram = pipelineProgram(formats)
