import type { PageReader } from './page-reader.ts'
import { PageDamage } from './page-reader.ts'
import type { Meta, TreeRoot } from './file-meta.ts'

/** A tree to be walked, and what is allowed in it. */
export interface TreeRules {
  readonly root: TreeRoot
  /** LMDB ends the process where a branch has fewer children. */
  readonly fewestChildren: number
  readonly compare: CompareKeys
  /** Whether a key is of a length that LMDB would have written. */
  readonly isKeyLength: (bytes: number) => boolean
  /** Told the place of each value in the order of pages: in its leaf, or in pages of its own. */
  readonly onValue?: (value: Value) => void
}

/** Orders the bytes of `a` from `aFrom` to `aTo` and those of `b`, as `Buffer.compare` does. */
export type CompareKeys = (a: Buffer, aFrom: number, aTo: number, b: Buffer, bFrom: number, bTo: number) => number

export interface Value {
  /** The page of the leaf, or the first one of the value's own. */
  readonly page: number
  /** In the file. */
  readonly at: number
  readonly bytes: number
}

/** A page that is still to be looked at, with the keys that it may have: from `low`, and before `high`. */
interface Child {
  readonly page: number
  readonly low: Buffer | undefined
  readonly high: Buffer | undefined
}

interface Overflow {
  readonly page: number
  readonly pages: number
}

/** Where things lie in a page, `MDB_page`: offsets of nodes count from the end of this header. */
export const HEADER = { transaction: 8, flags: 18, lower: 20, upper: 22, pages: 20, end: 24 } as const
/** Where things lie in a node, `MDB_node`; a value with pages of its own has an `MDB_ovpage` in its place. */
const NODE = { low: 0, high: 2, flags: 4, keyBytes: 6, end: 8, overflowEnd: 24, overflowPages: 16 } as const
/** `P_BRANCH`, `P_LEAF` and `P_OVERFLOW`: nothing else is ever written to a file of ours. */
const FLAG = { branch: 1, leaf: 2, overflow: 4 } as const
const BIG_VALUE = 1

/**
 * Follows every page of a tree as LMDB would, level by level and in the order of the file. Throws a PageDamage for what
 * LMDB cannot have written: it checks nothing itself, and a wrong number would end the process or overwrite other pages.
 */
export function walkTree(reader: PageReader, meta: Meta, rules: TreeRules): void {
  const { depth, page } = rules.root
  if (page === undefined) return
  let level: Child[] = [{ page, low: undefined, high: undefined }]
  for (let left = depth - 1; left > 0; left--) level = branchLevel(reader, meta, rules, level)
  leafLevel(reader, meta, rules, level)
}

function branchLevel(reader: PageReader, meta: Meta, rules: TreeRules, level: readonly Child[]): Child[] {
  const below: Child[] = []
  reader.read(level, 'keep', (child, bytes, at) => {
    reader.claim(child.page, 1)
    const count = checkHeader(bytes, at, child.page, meta, FLAG.branch)
    if (count < rules.fewestChildren) throw new PageDamage(child.page, `it has ${count} children`)
    const keys = branchKeys(bytes, at, child, meta, rules, count)
    for (let i = 0; i < count; i++) {
      const node = nodeAt(bytes, at, i)
      const page =
        bytes.readUInt16LE(node + NODE.low) +
        bytes.readUInt16LE(node + NODE.high) * 0x1_0000 +
        bytes.readUInt16LE(node + NODE.flags) * 0x1_0000_0000
      below.push({ page, low: i === 0 ? child.low : keys[i], high: i === count - 1 ? child.high : keys[i + 1] })
    }
  })
  return inFileOrder(below)
}

/** The keys of a branch's children; that of the first one is never looked at, and may be empty. */
function branchKeys(bytes: Buffer, at: number, child: Child, meta: Meta, rules: TreeRules, count: number): Buffer[] {
  const order = new KeyOrder(child, rules)
  const keys: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const node = checkedNode(bytes, at, i, child.page, meta)
    const from = node + NODE.end
    const to = from + bytes.readUInt16LE(node + NODE.keyBytes)
    if (to > at + meta.pageBytes) throw new PageDamage(child.page, `its key ${i} does not end in the page`)
    if (i > 0) order.next(bytes, from, to)
    keys.push(bytes.subarray(from, to))
  }
  return keys
}

function leafLevel(reader: PageReader, meta: Meta, rules: TreeRules, level: readonly Child[]): void {
  const overflows: Overflow[] = []
  reader.read(level, 'reuse', (child, bytes, at) => {
    reader.claim(child.page, 1)
    const count = checkHeader(bytes, at, child.page, meta, FLAG.leaf)
    if (count === 0) throw new PageDamage(child.page, 'it is empty')
    const order = new KeyOrder(child, rules)
    for (let i = 0; i < count; i++) {
      const node = checkedNode(bytes, at, i, child.page, meta)
      const value = leafNode(bytes, at, node, i, child.page, meta, order)
      if (value.overflow !== undefined) overflows.push(value.overflow)
      rules.onValue?.(value)
    }
  })
  reader.read(inFileOrder(overflows), 'reuse', ({ page, pages }, bytes, at) => {
    reader.claim(page, pages)
    checkIdentity(bytes, at, page, meta, FLAG.overflow)
    const found = bytes.readUInt32LE(at + HEADER.pages)
    if (found !== pages) throw new PageDamage(page, `it begins a value of ${found} pages, its record says ${pages}`)
  })
}

function leafNode(
  bytes: Buffer,
  at: number,
  node: number,
  index: number,
  page: number,
  meta: Meta,
  order: KeyOrder,
): Value & { readonly overflow?: Overflow } {
  const flags = bytes.readUInt16LE(node + NODE.flags)
  const size = bytes.readUInt16LE(node + NODE.low) + bytes.readUInt16LE(node + NODE.high) * 0x1_0000
  const from = node + NODE.end
  const to = from + bytes.readUInt16LE(node + NODE.keyBytes)
  const end = to + (flags === BIG_VALUE ? NODE.overflowEnd : size)
  if (flags > BIG_VALUE || end > at + meta.pageBytes)
    throw new PageDamage(page, `its record ${index} does not end in the page`)
  order.next(bytes, from, to)
  if (flags !== BIG_VALUE) return { page, at: page * meta.pageBytes + to - at, bytes: size }
  const first = Number(bytes.readBigUInt64LE(to))
  const pages = Number(bytes.readBigUInt64LE(to + NODE.overflowPages))
  if (pages * meta.pageBytes < size + HEADER.end)
    throw new PageDamage(page, `its record ${index} has ${pages} pages for ${size} bytes`)
  return { page: first, at: first * meta.pageBytes + HEADER.end, bytes: size, overflow: { page: first, pages } }
}

/** Says how many nodes a branch or a leaf has. */
function checkHeader(bytes: Buffer, at: number, page: number, meta: Meta, flag: number): number {
  checkIdentity(bytes, at, page, meta, flag)
  const lower = bytes.readUInt16LE(at + HEADER.lower)
  const upper = bytes.readUInt16LE(at + HEADER.upper)
  if (lower % 2 !== 0 || lower > upper || upper > meta.pageBytes - HEADER.end)
    throw new PageDamage(page, `its free space lies from ${lower} to ${upper}`)
  return lower / 2
}

function checkIdentity(bytes: Buffer, at: number, page: number, meta: Meta, flag: number): void {
  const number = Number(bytes.readBigUInt64LE(at))
  if (number !== page) throw new PageDamage(page, `it says that it is page ${number}`)
  const flags = bytes.readUInt16LE(at + HEADER.flags)
  if (flags !== flag) throw new PageDamage(page, `it is of kind ${flags}, expected ${flag}`)
  // LMDB would write to a page of the future where it lies, in its map, which is for reading.
  const transaction = Number(bytes.readBigUInt64LE(at + HEADER.transaction))
  if (transaction > meta.transaction)
    throw new PageDamage(page, `it is of transaction ${transaction}, the last one was ${meta.transaction}`)
}

function nodeAt(bytes: Buffer, at: number, index: number): number {
  return at + HEADER.end + bytes.readUInt16LE(at + HEADER.end + 2 * index)
}

function checkedNode(bytes: Buffer, at: number, index: number, page: number, meta: Meta): number {
  const node = nodeAt(bytes, at, index)
  const upper = at + HEADER.end + bytes.readUInt16LE(at + HEADER.upper)
  if (node % 2 === 0 && node >= upper && node + NODE.end <= at + meta.pageBytes) return node
  throw new PageDamage(page, `its record ${index} lies at ${node - at}`)
}

/** Each key must be above the one before it, and all within what the page's parents say. */
class KeyOrder {
  readonly #child: Child
  readonly #rules: TreeRules
  #previous: { readonly bytes: Buffer; readonly from: number; readonly to: number } | undefined

  constructor(child: Child, rules: TreeRules) {
    this.#child = child
    this.#rules = rules
  }

  next(bytes: Buffer, from: number, to: number): void {
    const { page, low, high } = this.#child
    const { compare, isKeyLength } = this.#rules
    if (!isKeyLength(to - from)) throw new PageDamage(page, `it has a key of ${to - from} bytes`)
    const previous = this.#previous
    const rises =
      previous === undefined
        ? low === undefined || compare(bytes, from, to, low, 0, low.length) >= 0
        : compare(bytes, from, to, previous.bytes, previous.from, previous.to) > 0
    const below = high === undefined || compare(bytes, from, to, high, 0, high.length) < 0
    if (!rises || !below) throw new PageDamage(page, 'its keys are not in order')
    this.#previous = { bytes, from, to }
  }
}

function inFileOrder<T extends { readonly page: number }>(pages: T[]): T[] {
  return pages.sort((a, b) => a.page - b.page)
}
