import type { InputFile } from '../dataset/inputs.ts'
import { ComputeError } from '../errors.ts'
import type { ColumnarLayout } from './columnar-layout.ts'
import { fileHandleOf } from './arrow-handle.ts'
import { readBytes } from './read-bytes.ts'

const MAGIC = 'ARROW1'

/**
 * Where the record batches of an Arrow file lie, as its footer says: each counts as one row. Undefined for a stream, which has neither
 * magic nor footer.
 */
export async function arrowBlocks(file: InputFile): Promise<ColumnarLayout | undefined> {
  const head = await readBytes(file, 0, Math.min(file.bytes, MAGIC.length))
  if (head.toString('latin1') !== MAGIC) return undefined
  const { RecordBatchReader } = await import('apache-arrow')
  try {
    const tail = await readBytes(file, Math.max(0, file.bytes - MAGIC.length), file.bytes)
    if (tail.toString('latin1') !== MAGIC) throw new Error('it has no footer')
    const slice = async (start: number, end = file.bytes) => Uint8Array.from(await readBytes(file, start, end)).buffer
    const reader = await RecordBatchReader.from(fileHandleOf({ byteLength: file.bytes, slice }))
    await reader.open()
    const blocks = [...reader.footer!.recordBatches()].map(spanOf)
    const dictionaries = [...reader.footer!.dictionaryBatches()].map(spanOf)
    await reader.cancel()
    const last = Math.max(8, ...[...blocks, ...dictionaries].map(({ to }) => to))
    const always = [{ from: 0, to: 8 }, ...dictionaries, { from: last, to: file.bytes }]
    return { groups: blocks.map((block) => ({ ...block, rows: 1 })), always }
  } catch (cause) {
    if (cause instanceof ComputeError) throw cause
    const message = `Cannot read "${file.path}" as Arrow: ${(cause as Error).message}`
    throw new ComputeError('SHOAL_MALFORMED', message, { cause, facts: { path: file.path }, hint: 'Is it complete?' })
  }
}

interface Block {
  readonly offset: number | bigint
  readonly metaDataLength: number | bigint
  readonly bodyLength: number | bigint
}

function spanOf({ offset, metaDataLength, bodyLength }: Block) {
  const from = Number(offset)
  return { from, to: from + Number(metaDataLength) + Number(bodyLength) }
}
