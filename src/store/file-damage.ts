import { fstatSync, readSync } from 'node:fs'
import type { Meta } from './file-meta.ts'
import { readMeta } from './file-meta.ts'
import type { PageReader } from './page-reader.ts'
import { createPageReader, PageDamage } from './page-reader.ts'
import type { CompareKeys, Value } from './page-tree.ts'
import { idAt, walkTree } from './page-tree.ts'

const ID_BYTES = 8

/**
 * What is wrong with the LMDB file open as `fd`; undefined where all that LMDB itself will follow is as LMDB writes it, or
 * where the file is empty and so new. LMDB trusts its file, which it reads through a map: a missing page or a wrong number
 * would end the process, so this must be asked before LMDB opens it. The bytes of the records are not looked at.
 */
export function fileDamage(fd: number): string | undefined {
  if (fstatSync(fd).size === 0) return undefined
  const meta = readMeta(fd)
  if (typeof meta === 'string') return meta
  try {
    checkTrees(fd, meta)
    return undefined
  } catch (error) {
    if (error instanceof PageDamage) return error.message
    throw error
  }
}

function checkTrees(fd: number, meta: Meta): void {
  const reader = createPageReader(fd, meta)
  const longest = meta.pageBytes / 2
  walkTree(reader, meta, {
    root: meta.records,
    fewestChildren: 2,
    compare: compareBytes,
    isKeyLength: (bytes) => bytes > 0 && bytes < longest,
  })
  const lists: Value[] = []
  walkTree(reader, meta, {
    root: meta.free,
    fewestChildren: 1,
    compare: compareIds,
    isKeyLength: (bytes) => bytes === ID_BYTES,
    onValue: (value) => lists.push(value),
  })
  // After both trees, so that every page in use is known.
  for (const list of lists) checkFreeList(fd, list, meta, reader)
}

/** As LMDB orders keys: by their bytes, the shorter one first. Neighbours have much in common, so two bytes at a time. */
const compareBytes: CompareKeys = (a, aFrom, aTo, b, bFrom, bTo) => {
  const shared = Math.min(aTo - aFrom, bTo - bFrom)
  let same = 0
  while (same + 1 < shared && a.halves[(aFrom + same) >> 1] === b.halves[(bFrom + same) >> 1]) same += 2
  for (; same < shared; same++) {
    const difference = a.bytes[aFrom + same]! - b.bytes[bFrom + same]!
    if (difference !== 0) return difference
  }
  return aTo - aFrom - (bTo - bFrom)
}

const compareIds: CompareKeys = (a, aFrom, _aTo, b, bFrom) => idAt(a.bytes, aFrom) - idAt(b.bytes, bFrom)

/**
 * A list has its length, then page numbers; a negative number is the length of the run that begins at the next one, and 0 is
 * an empty place (all but the first is particular to the LMDB that lmdb-js brings). LMDB would write over what it lists.
 */
function checkFreeList(fd: number, { page, at, bytes: size }: Value, { lastPage }: Meta, reader: PageReader): void {
  const bytes = Buffer.allocUnsafe(size)
  if (size < ID_BYTES || size % ID_BYTES !== 0 || readSync(fd, bytes, 0, size, at) < size)
    throw new PageDamage(page, `its list of free pages has ${size} bytes`)
  const count = Number(bytes.readBigUInt64LE(0))
  if ((count + 1) * ID_BYTES > size) throw new PageDamage(page, `its list has ${count} free pages in ${size} bytes`)
  let run = 1
  for (let i = 1; i <= count; i++) {
    const id = Number(bytes.readBigInt64LE(i * ID_BYTES))
    if (id < 0) {
      run = -id
      continue
    }
    if (id > 0) {
      if (id + run - 1 > lastPage)
        throw new PageDamage(page, `it lists ${id} as free, and the last page is ${lastPage}`)
      for (let each = id; each < id + run; each++)
        if (reader.isClaimed(each)) throw new PageDamage(page, `it lists ${each} as free, which is in use`)
    }
    run = 1
  }
}
