import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { fault } from '../dataset/fault.ts'
import type { WriteFormat, WriteTarget } from '../dataset/plan.ts'
import type { ColumnarFormats } from '../dataset/program-parts.ts'
import type { SinkState } from '../dataset/sink-state.ts'
import { createEncoder } from './encoder.ts'
import type { Encoder } from './record-encoder.ts'
import { createUpload } from './upload.ts'
import type { UploadGrant } from './upload.ts'

/** What one attempt of a task wrote: nobody sees it until the driver commits it. */
export interface Written {
  readonly rows: number
  readonly bytes: number
  /** Name of the file in the staging directory. */
  readonly file?: string
  /** The bytes themselves, where the worker does not see the driver's directory. */
  readonly content?: Uint8Array
  /** Of an upload that is complete but for its commit: the parts' tags, in order. */
  readonly upload?: { readonly id: string; readonly tags: readonly string[] }
}

/** Where an attempt's bytes go. */
interface Target {
  write(bytes: Uint8Array): void | Promise<void>
  finish(): Partial<Written> | Promise<Partial<Written>>
  discard(): void
}

let files = 0

export function createWriteSink(format: WriteFormat, target: WriteTarget, formats: ColumnarFormats): SinkState {
  let to: Target
  let encoder: Encoder
  let bytes = 0
  const write = (chunk: Uint8Array) => {
    bytes += chunk.byteLength
    return to.write(chunk)
  }
  return {
    begin(given) {
      bytes = 0
      to = target.kind === 'upload' ? createUpload(given as UploadGrant) : openTarget(target)
      encoder = createEncoder(format, formats)
    },
    add(record) {
      const chunk = encoder.add(record)
      return chunk === undefined ? undefined : write(chunk)
    },
    async take() {
      const last = encoder.finish()
      if (last !== undefined) await write(last)
      const written: Written = { rows: encoder.rows(), bytes, ...(await to.finish()) }
      return [written]
    },
    discard: () => to.discard(),
  }
}

function openTarget(target: Extract<WriteTarget, { kind: 'directory' }>): Target {
  return isSeen(target) ? fileTarget(target) : memoryTarget()
}

/** Whether the driver's staging directory is here too: it holds a file that only that one can hold. */
function isSeen({ staging, proof }: { staging: string; proof: string }): boolean {
  try {
    return readFileSync(join(staging, PROOF_FILE), 'utf8') === proof
  } catch {
    return false
  }
}

/** In a staging directory: holds what only that one can hold. */
export const PROOF_FILE = '.staging'

function fileTarget({ staging, extension }: { staging: string; extension: string }): Target {
  const file = `attempt-${process.pid}-${threadId}-${++files}${extension}`
  const path = join(staging, file)
  const handle = openSync(path, 'wx')
  return {
    write(bytes) {
      try {
        for (let written = 0; written < bytes.byteLength;) written += writeSync(handle, bytes, written)
      } catch (cause) {
        const { code, message } = cause as NodeJS.ErrnoException
        const why = code === 'ENOSPC' ? 'the disk is full' : message
        throw fault('SHOAL_UNWRITABLE', `Cannot write "${path}": ${why}`, { path }, 'Nothing was written in its place')
      }
    },
    finish() {
      closeSync(handle)
      return { file }
    },
    discard() {
      closeSync(handle)
      unlinkSync(path)
    },
  }
}

function memoryTarget(): Target {
  const chunks: Uint8Array[] = []
  return {
    write: (bytes) => void chunks.push(bytes),
    finish: () => ({ content: Buffer.concat(chunks) }),
    discard: () => {},
  }
}
