import { readSync } from 'node:fs'
import type { Meta } from './file-meta.ts'

/** Something in a page of an LMDB file that LMDB cannot have written. */
export class PageDamage extends Error {
  override readonly name = 'PageDamage'
  readonly page: number

  constructor(page: number, found: string) {
    super(`its page ${page} is damaged (${found})`)
    this.page = page
  }
}

/** Some pages of the file. Two views of the same memory, as one read costs much less than a method of Buffer. */
export interface Pages {
  readonly bytes: Buffer
  /** Two bytes each: all in a page but the value of a record begins at an even place. */
  readonly halves: Uint16Array
}

/** Told a page, whose bytes begin at `at` of `pages`. */
export type OnPage<T> = (item: T, pages: Pages, at: number) => void

export interface PageReader {
  /**
   * Reads the page of each item; `items` are in the order of their pages. Neighbours are read together. With `reuse` the
   * bytes are of use until the callback returns. Throws a PageDamage for a page that the file does not have.
   */
  read<T extends { readonly page: number }>(items: readonly T[], memory: 'reuse' | 'keep', onPage: OnPage<T>): void
  /** Marks pages as used. Throws a PageDamage where one of them is used already, or is beyond the last. */
  claim(page: number, count: number): void
  isClaimed(page: number): boolean
}

/** So much is read at once at most. */
const READ_BYTES = 1 << 18
/** So many pages that nobody asked for are read along, rather than reading twice. */
const GAP_PAGES = 8

export function createPageReader(fd: number, { pageBytes, lastPage }: Meta): PageReader {
  const shared = allocatePages(READ_BYTES)
  const used = new Uint8Array(lastPage + 1).fill(1, 0, 2)
  const most = READ_BYTES / pageBytes

  function readRun(first: number, last: number, reused: Pages | undefined): Pages {
    const wanted = (last - first + 1) * pageBytes
    const pages = reused ?? allocatePages(wanted)
    const got = readSync(fd, pages.bytes, 0, wanted, first * pageBytes)
    if (got < wanted) throw new PageDamage(first, `${got} of ${wanted} bytes could be read from there`)
    return pages
  }

  return {
    read(items, memory, onPage) {
      for (let from = 0; from < items.length;) {
        const first = items[from]!.page
        let to = from + 1
        for (; to < items.length; to++) {
          const { page } = items[to]!
          if (page - items[to - 1]!.page > GAP_PAGES || page - first >= most) break
        }
        const last = items[to - 1]!.page
        if (last > lastPage) throw new PageDamage(last, `it is in use, and the last one is ${lastPage}`)
        const pages = readRun(first, last, memory === 'reuse' ? shared : undefined)
        for (; from < to; from++) onPage(items[from]!, pages, (items[from]!.page - first) * pageBytes)
      }
    },
    claim(page, count) {
      const end = page + count
      if (end > lastPage + 1)
        throw new PageDamage(page, `${count} pages from it are in use, and the last is ${lastPage}`)
      for (let each = page; each < end; each++) {
        if (used[each] === 1) throw new PageDamage(each, 'it is in use twice')
        used[each] = 1
      }
    },
    isClaimed: (page) => used[page] === 1,
  }
}

function allocatePages(length: number): Pages {
  const bytes = Buffer.allocUnsafeSlow(length)
  return { bytes, halves: new Uint16Array(bytes.buffer) }
}
