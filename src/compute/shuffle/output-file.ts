import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { constants, crc32, zstdCompressSync } from 'node:zlib'
import type { PartHome } from '../wire/parts.ts'
import type { Output, Segment } from './output.ts'
import { scratchFault } from './scratch-fault.ts'

/** Takes the partitions of a task's rows, flush by flush, into one file in the worker's directory. */
export interface OutputFile {
  /** `blocks[p]` are the bytes of partition p, undefined where it has none. */
  append(blocks: readonly (Uint8Array | undefined)[], rows: Uint32Array): void
  finish(): Output
  /** Removes what was written: the task failed. */
  discard(): void
}

let files = 0

/** `name` is that of the exchange: all that is kept under it goes at once. */
export function createOutputFile(home: PartHome, name: string, compress: boolean): OutputFile {
  const directory = join(home.directory, name)
  const path = join(directory, `${process.pid}-${threadId}-${++files}`)
  const segments: Segment[] = []
  let file: number | undefined
  let at = 0
  const write = (bytes: Uint8Array) => {
    if (file === undefined) {
      mkdirSync(directory, { recursive: true })
      file = openSync(path, 'wx')
    }
    for (let written = 0; written < bytes.byteLength;) written += writeSync(file, bytes, written)
    at += bytes.byteLength
  }
  return {
    append(blocks, rows) {
      const offsets = new Float64Array(blocks.length + 1)
      const plainOffsets = compress ? plainOffsetsOf(blocks) : undefined
      const checksums = new Uint32Array(blocks.length)
      try {
        for (let partition = 0; partition < blocks.length; partition++) {
          offsets[partition] = at
          const block = blocks[partition]
          if (block === undefined) continue
          const bytes = compress ? compressed(block) : block
          checksums[partition] = crc32(bytes)
          write(bytes)
        }
      } catch (cause) {
        throw scratchFault('parts', path, cause)
      }
      offsets[blocks.length] = at
      segments.push({ offsets, checksums, rows, ...(plainOffsets && { plainOffsets }) })
    },
    finish() {
      if (file !== undefined) closeSync(file)
      return { address: home.address, file: path, compressed: compress, segments }
    },
    discard() {
      if (file === undefined) return
      closeSync(file)
      unlinkSync(path)
    },
  }
}

function plainOffsetsOf(blocks: readonly (Uint8Array | undefined)[]): Float64Array {
  const offsets = new Float64Array(blocks.length + 1)
  blocks.forEach((block, partition) => (offsets[partition + 1] = offsets[partition]! + (block?.byteLength ?? 0)))
  return offsets
}

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

function compressed(block: Uint8Array): Uint8Array {
  return zstdCompressSync(block, LEVEL)
}
