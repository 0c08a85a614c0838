import type { PageReader, Pages } from './page-reader.ts'
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
  /** Told the place of each value: in its leaf, or in pages of its own. */
  readonly onValue?: (value: Value) => void
}

/** Orders the bytes of `a` from `aFrom` to `aTo` and those of `b`: below 0, 0, or above 0. Keys begin at even places. */
export type CompareKeys = (a: Pages, aFrom: number, aTo: number, b: Pages, bFrom: number, bTo: number) => number

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
  readonly low: Key | undefined
  readonly high: Key | undefined
}

interface Key {
  readonly pages: Pages
  readonly from: number
  readonly to: number
}

interface Overflow {
  readonly page: number
  readonly count: number
  /** Of the value, in bytes. */
  readonly size: number
}

/** Where things lie in a page, `MDB_page`: offsets of nodes count from the end of this header. */
const HEADER = { transaction: 8, flags: 18, lower: 20, upper: 22, pages: 20, end: 24 } as const
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
  reader.read(level, 'keep', (child, pages, at) => {
    reader.claim(child.page, 1)
    const count = checkHeader(pages, at, child.page, meta, FLAG.branch)
    if (count < rules.fewestChildren) throw new PageDamage(child.page, `it has ${count} children`)
    const keys = branchKeys(pages, at, child, meta, rules, count)
    for (let i = 0; i < count; i++) {
      const node = nodeAt(pages, at, i)
      const page =
        half(pages, node + NODE.low) +
        half(pages, node + NODE.high) * 0x1_0000 +
        half(pages, node + NODE.flags) * 0x1_0000_0000
      below.push({ page, low: i === 0 ? child.low : keys[i], high: i === count - 1 ? child.high : keys[i + 1] })
    }
  })
  return inFileOrder(below)
}

/** The keys of a branch's children; that of the first one is never looked at, and may be empty. */
function branchKeys(pages: Pages, at: number, child: Child, meta: Meta, rules: TreeRules, count: number): Key[] {
  const order = new KeyOrder(rules)
  order.begin(child)
  const keys: Key[] = []
  for (let i = 0; i < count; i++) {
    const node = checkedNode(pages, at, i, child.page, meta)
    const from = node + NODE.end
    const to = from + half(pages, node + NODE.keyBytes)
    if (to > at + meta.pageBytes) throw new PageDamage(child.page, `its key ${i} does not end in the page`)
    if (i > 0) order.next(pages, from, to)
    keys.push({ pages, from, to })
  }
  order.end()
  return keys
}

function leafLevel(reader: PageReader, meta: Meta, rules: TreeRules, level: readonly Child[]): void {
  const overflows: Overflow[] = []
  const order = new KeyOrder(rules)
  reader.read(level, 'reuse', (child, pages, at) => {
    reader.claim(child.page, 1)
    const count = checkHeader(pages, at, child.page, meta, FLAG.leaf)
    if (count === 0) throw new PageDamage(child.page, 'it is empty')
    order.begin(child)
    for (let i = 0; i < count; i++) {
      const node = checkedNode(pages, at, i, child.page, meta)
      const from = node + NODE.end
      const to = from + half(pages, node + NODE.keyBytes)
      const flags = half(pages, node + NODE.flags)
      const size = half(pages, node + NODE.low) + half(pages, node + NODE.high) * 0x1_0000
      const end = to + (flags === BIG_VALUE ? NODE.overflowEnd : size)
      if (flags > BIG_VALUE || end > at + meta.pageBytes)
        throw new PageDamage(child.page, `its record ${i} does not end in the page`)
      order.next(pages, from, to)
      if (flags === BIG_VALUE) overflows.push(overflowAt(pages, to, size, child.page, meta))
      else rules.onValue?.({ page: child.page, at: child.page * meta.pageBytes + to - at, bytes: size })
    }
    order.end()
  })
  overflowLevel(reader, meta, rules, overflows)
}

function overflowAt({ bytes }: Pages, at: number, size: number, leaf: number, meta: Meta): Overflow {
  const page = idAt(bytes, at)
  const count = idAt(bytes, at + NODE.overflowPages)
  if (count * meta.pageBytes >= size + HEADER.end) return { page, count, size }
  throw new PageDamage(leaf, `it has a record with ${count} pages for ${size} bytes`)
}

function overflowLevel(reader: PageReader, meta: Meta, rules: TreeRules, overflows: Overflow[]): void {
  reader.read(inFileOrder(overflows), 'reuse', ({ page, count, size }, pages, at) => {
    reader.claim(page, count)
    checkIdentity(pages, at, page, meta, FLAG.overflow)
    const found = half(pages, at + HEADER.pages) + half(pages, at + HEADER.pages + 2) * 0x1_0000
    if (found !== count) throw new PageDamage(page, `it begins a value of ${found} pages, its record says ${count}`)
    rules.onValue?.({ page, at: page * meta.pageBytes + HEADER.end, bytes: size })
  })
}

/** The two bytes at an even place. */
function half({ halves }: Pages, at: number): number {
  return halves[at >> 1]!
}

/** The number of eight bytes at any place, which is exact where it can be a page's or a transaction's. */
export function idAt(bytes: Buffer, at: number): number {
  let id = 0
  for (let i = 7; i >= 0; i--) id = id * 256 + bytes[at + i]!
  return id
}

/** Says how many nodes a branch or a leaf has. */
function checkHeader(pages: Pages, at: number, page: number, meta: Meta, flag: number): number {
  checkIdentity(pages, at, page, meta, flag)
  const lower = half(pages, at + HEADER.lower)
  const upper = half(pages, at + HEADER.upper)
  if (lower % 2 !== 0 || lower > upper || upper > meta.pageBytes - HEADER.end)
    throw new PageDamage(page, `its free space lies from ${lower} to ${upper}`)
  return lower / 2
}

function checkIdentity(pages: Pages, at: number, page: number, meta: Meta, flag: number): void {
  const number = idAt(pages.bytes, at)
  if (number !== page) throw new PageDamage(page, `it says that it is page ${number}`)
  const flags = half(pages, at + HEADER.flags)
  if (flags !== flag) throw new PageDamage(page, `it is of kind ${flags}, expected ${flag}`)
  // LMDB would write to a page of the future where it lies, in its map, which is for reading.
  const transaction = idAt(pages.bytes, at + HEADER.transaction)
  if (transaction > meta.transaction)
    throw new PageDamage(page, `it is of transaction ${transaction}, the last one was ${meta.transaction}`)
}

function nodeAt(pages: Pages, at: number, index: number): number {
  return at + HEADER.end + half(pages, at + HEADER.end + 2 * index)
}

function checkedNode(pages: Pages, at: number, index: number, page: number, meta: Meta): number {
  const node = nodeAt(pages, at, index)
  const upper = at + HEADER.end + half(pages, at + HEADER.upper)
  if (node % 2 === 0 && node >= upper && node + NODE.end <= at + meta.pageBytes) return node
  throw new PageDamage(page, `its record ${index} lies at ${node - at}`)
}

/** Each key must be above the one before it, and all within what the page's parents say. */
class KeyOrder {
  readonly #rules: TreeRules
  #child: Child | undefined
  #pages: Pages | undefined
  #from = 0
  #to = 0

  constructor(rules: TreeRules) {
    this.#rules = rules
  }

  /** To be told before the first key of a page. */
  begin(child: Child): void {
    this.#child = child
    this.#pages = undefined
  }

  next(pages: Pages, from: number, to: number): void {
    const { page, low } = this.#child!
    const { compare, isKeyLength } = this.#rules
    if (!isKeyLength(to - from)) throw new PageDamage(page, `it has a key of ${to - from} bytes`)
    const previous = this.#pages
    const rises =
      previous !== undefined
        ? compare(pages, from, to, previous, this.#from, this.#to) > 0
        : low === undefined || compare(pages, from, to, low.pages, low.from, low.to) >= 0
    if (!rises) throw new PageDamage(page, KEYS)
    this.#pages = pages
    this.#from = from
    this.#to = to
  }

  /** To be asked when all keys were told. */
  end(): void {
    const { page, high } = this.#child!
    if (high === undefined || this.#pages === undefined) return
    if (this.#rules.compare(this.#pages, this.#from, this.#to, high.pages, high.from, high.to) >= 0)
      throw new PageDamage(page, KEYS)
  }
}

const KEYS = 'its keys are not in order'

function inFileOrder<T extends { readonly page: number }>(pages: T[]): T[] {
  return pages.sort((a, b) => a.page - b.page)
}
