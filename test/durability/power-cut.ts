import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Call } from './recorded-calls.ts'

/** A disk writes so many bytes or none of them. */
const SECTOR_BYTES = 512

/** How much of what was not flushed reaches the disk; each image takes one way for all its files. */
const WAYS = ['nothing', 'everything', 'some', 'most', 'the first', 'the last'] as const

/**
 * Writes into `directory` what a power cut after the first `cut` calls could leave on the disk: all that was flushed by then,
 * and of the rest any sectors, names and lengths, as `random` has it.
 */
export function writeImage(calls: readonly Call[], cut: number, random: () => number, directory: string): void {
  const flushedBefore = flushesUpTo(calls, cut)
  const flushedWrites = new Set(calls.slice(0, cut).map((call) => (call.type === 'flushed-write' ? call.write : -1)))
  const way = WAYS[Math.floor(random() * WAYS.length)]!
  const isKept = keeping(way, random, cut)
  const names = new Map<string, number>()
  const contents = new Map<number, Buffer>()
  for (let i = 0; i < cut; i++) {
    const call = calls[i]!
    if (call.type === 'flushed' || call.type === 'flushed-write' || call.type === 'said') continue
    const isName = call.type === 'create' || call.type === 'rename' || call.type === 'unlink'
    const isFlushed = flushedWrites.has(i) || i < (flushedBefore.get(isName ? undefined : call.file) ?? 0)
    if (isName) {
      if (isFlushed || isKept(i)) applyName(call, names, inodeOf(calls, i))
    } else if (call.type === 'truncate') {
      if (isFlushed || isKept(i)) contents.set(call.file, resized(contents.get(call.file), call.length))
    } else
      contents.set(
        call.file,
        written(contents.get(call.file), call, (at) => isFlushed || isKept(i + at)),
      )
  }
  for (const [name, file] of names) writeFileSync(join(directory, name), contents.get(file) ?? Buffer.alloc(0))
}

/** By file (undefined: names), before which call everything was flushed when the power went. */
function flushesUpTo(calls: readonly Call[], cut: number): ReadonlyMap<number | undefined, number> {
  const flushed = new Map<number | undefined, number>()
  for (const call of calls.slice(0, cut)) if (call.type === 'flushed') flushed.set(call.file, call.began)
  return flushed
}

function keeping(way: (typeof WAYS)[number], random: () => number, cut: number): (i: number) => boolean {
  if (way === 'nothing') return () => false
  if (way === 'everything') return () => true
  if (way === 'some') return () => random() < 0.5
  if (way === 'most') return () => random() < 0.95
  const border = cut - Math.floor(random() * 12)
  return way === 'the first' ? (i) => i < border : (i) => i >= border
}

type NameCall = Extract<Call, { readonly type: 'create' | 'rename' | 'unlink' }>

/** A rename may reach the disk where the making of its first name did not. */
function applyName(call: NameCall, names: Map<string, number>, file: number | undefined): void {
  if (call.type === 'create') names.set(call.name, call.file)
  if (call.type === 'unlink') names.delete(call.name)
  if (call.type !== 'rename') return
  names.delete(call.from)
  if (file !== undefined) names.set(call.to, file)
}

/** Which file a rename at `index` was about. */
function inodeOf(calls: readonly Call[], index: number): number | undefined {
  const rename = calls[index]!
  if (rename.type !== 'rename') return undefined
  for (let i = index - 1; i >= 0; i--) {
    const call = calls[i]!
    if (call.type === 'create' && call.name === rename.from) return call.file
  }
  return undefined
}

function resized(content: Buffer | undefined, length: number): Buffer {
  const changed = Buffer.alloc(length)
  content?.copy(changed)
  return changed
}

/** `content` with those sectors of a write that `isKept` says, by their number within it. */
function written(
  content: Buffer | undefined,
  { at, bytes }: Extract<Call, { readonly type: 'write' }>,
  isKept: (sector: number) => boolean,
): Buffer {
  const kept: (readonly [from: number, to: number])[] = []
  for (let from = at; from < at + bytes.length;) {
    const to = Math.min((Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES, at + bytes.length)
    if (isKept(Math.floor((from - at) / SECTOR_BYTES))) kept.push([from, to])
    from = to
  }
  const end = kept.at(-1)?.[1] ?? 0
  const known = content ?? Buffer.alloc(0)
  const changed = known.length < end ? resized(known, end) : known
  for (const [from, to] of kept) bytes.copy(changed, from, from - at, to - at)
  return changed
}
