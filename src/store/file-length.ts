import type { FileHandle } from 'node:fs/promises'

/** Where in an LMDB file's first page its facts lie (`MDB_meta` behind the page's header), in bytes. */
const META = { magic: 24, pageBytes: 48, lastPage: 144, transaction: 152, end: 160 } as const
const MAGIC = 0xbeefc0de

/**
 * What is wrong with the length of an LMDB file; undefined where it has all its pages, or is empty and so new. LMDB reads
 * through a map of the file, so that a missing page would end the process: this must be asked before LMDB opens it.
 */
export async function lengthProblem(file: FileHandle): Promise<string | undefined> {
  const { size } = await file.stat()
  if (size === 0) return undefined
  const first = await readMeta(file, 0)
  if (first === undefined) return 'it does not begin as an LMDB file does'
  const second = await readMeta(file, first.pageBytes)
  const current = second !== undefined && second.transaction > first.transaction ? second : first
  const needed = (current.lastPage + 1) * current.pageBytes
  return size < needed ? `it has ${size} of ${needed} bytes` : undefined
}

interface Meta {
  readonly pageBytes: number
  readonly lastPage: number
  readonly transaction: bigint
}

async function readMeta(file: FileHandle, at: number): Promise<Meta | undefined> {
  const bytes = Buffer.alloc(META.end)
  const { bytesRead } = await file.read(bytes, 0, META.end, at)
  if (bytesRead < META.end || bytes.readUInt32LE(META.magic) !== MAGIC) return undefined
  return {
    pageBytes: bytes.readUInt32LE(META.pageBytes),
    lastPage: Number(bytes.readBigUInt64LE(META.lastPage)),
    transaction: bytes.readBigUInt64LE(META.transaction),
  }
}
