import { fstatSync, readSync } from 'node:fs'

/** The facts of an LMDB file, from the newer of its two meta pages: the one that LMDB goes on from. */
export interface Meta {
  readonly pageBytes: number
  readonly lastPage: number
  readonly transaction: number
  /** The tree of free pages. */
  readonly free: TreeRoot
  /** The tree of records. */
  readonly records: TreeRoot
}

export interface TreeRoot {
  /** How many pages lie on the way from the root to a record, both included; 0 for an empty tree. */
  readonly depth: number
  /** Undefined for an empty tree. */
  readonly page: number | undefined
}

interface MetaPage extends Meta {
  /** What never changes in the life of a file; both pages have the same. */
  readonly constants: string
}

/** Where the facts lie in a page, in bytes: `MDB_meta` behind the header of the page. */
const META = {
  pageFlags: 18,
  magic: 24,
  version: 28,
  pageBytes: 48,
  freeFlags: 52,
  free: 48,
  records: 96,
  lastPage: 144,
  transaction: 152,
  end: 160,
} as const
/** Where the facts of a tree lie in `MDB_db`. */
const TREE = { pad: 0, flags: 4, depth: 6, root: 40 } as const
const MAGIC = 0xbeefc0de
const VERSION = 2
const META_PAGE = 0x08
/** The keys of free pages are numbers; no other kind of tree is ever made. */
const INTEGER_KEYS = 0x08
const NO_ROOT = 0xffffffffffffffffn
/** LMDB's own bound, `CURSOR_STACK`. */
const MAX_DEPTH = 32

/**
 * Reads the meta pages of the file open as `fd`, which is not empty; a text says what is wrong with them or with the length
 * of the file. LMDB takes the page with the higher transaction and does not look at the other, so a damaged number would
 * make it go back to an older state in silence. Transaction n is written to page n % 2, so the two must be neighbours.
 */
export function readMeta(fd: number): Meta | string {
  const { size } = fstatSync(fd)
  const first = readMetaPage(fd, 0, 0)
  if (first === undefined) return 'it does not begin as an LMDB file does'
  const second = readMetaPage(fd, 1, first.pageBytes)
  if (second === undefined) return 'its page 1 is not the meta page of an LMDB file'
  if (first.constants !== second.constants) return 'its two meta pages, 0 and 1, are not of one file'
  const current = second.transaction > first.transaction ? second : first
  const needed = (current.lastPage + 1) * current.pageBytes
  if (size < needed) return `it has ${size} of ${needed} bytes`
  const isNew = first.transaction === 0 && second.transaction === 0
  const follow = Math.abs(first.transaction - second.transaction) === 1 && first.transaction % 2 === 0
  if (isNew || follow) return current
  return `its meta pages, 0 and 1, are of transactions ${first.transaction} and ${second.transaction}`
}

function readMetaPage(fd: number, page: number, at: number): MetaPage | undefined {
  const bytes = Buffer.alloc(META.end)
  if (readSync(fd, bytes, 0, META.end, at) < META.end) return undefined
  const pageBytes = bytes.readUInt32LE(META.pageBytes)
  if ((bytes.readUInt16LE(META.pageFlags) & META_PAGE) === 0 || bytes.readUInt32LE(0) !== page) return undefined
  if (bytes.readUInt32LE(META.magic) !== MAGIC || bytes.readUInt32LE(META.version) !== VERSION) return undefined
  if (pageBytes < 512 || pageBytes > 65536 || (pageBytes & (pageBytes - 1)) !== 0) return undefined
  if ((bytes.readUInt16LE(META.freeFlags) & 0xff) !== INTEGER_KEYS) return undefined
  if (bytes.readUInt32LE(META.records + TREE.pad) !== 0 || bytes.readUInt16LE(META.records + TREE.flags) !== 0)
    return undefined
  const free = readRoot(bytes, META.free)
  const records = readRoot(bytes, META.records)
  if (free === undefined || records === undefined) return undefined
  return {
    pageBytes,
    lastPage: Number(bytes.readBigUInt64LE(META.lastPage)),
    transaction: Number(bytes.readBigUInt64LE(META.transaction)),
    free,
    records,
    constants: `${pageBytes} ${bytes.readUInt16LE(META.freeFlags)}`,
  }
}

function readRoot(bytes: Buffer, at: number): TreeRoot | undefined {
  const depth = bytes.readUInt16LE(at + TREE.depth)
  const root = bytes.readBigUInt64LE(at + TREE.root)
  const page = root === NO_ROOT ? undefined : Number(root)
  return depth > MAX_DEPTH || (depth === 0) !== (page === undefined) ? undefined : { depth, page }
}
