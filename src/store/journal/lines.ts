import type { Commit, Entry } from '../store.ts'

/** How a frame begins: what is true when its lines have been applied. */
export interface FrameHead {
  readonly revision: number
  /** How many objects there are: a lost one is missed. */
  readonly count: number
}

/** Objects by resource and key, as they are read. */
export type Objects = Map<string, Map<string, Entry>>

/** A deletion, as it stands in a frame. */
interface Deletion {
  readonly resource: string
  readonly key: string
  readonly deleted: true
}

/** The content of a frame: lines of JSON, the first its head, then the last change of each object. */
export function encodeCommits(head: FrameHead, commits: readonly Commit[]): Buffer {
  const lines = [JSON.stringify(head)]
  if (commits.length === 1 && commits[0]!.changes.length === 1) lines.push(lineOf(commits[0]!.changes[0]!))
  else {
    const last = new Map<string, Commit['changes'][number]>()
    for (const { changes } of commits)
      for (const change of changes) last.set(`${change.entry.resource}/${change.entry.key}`, change)
    for (const change of last.values()) lines.push(lineOf(change))
  }
  return Buffer.from(lines.join('\n'))
}

function lineOf({ type, entry }: Commit['changes'][number]): string {
  if (type !== 'delete') return JSON.stringify(entry)
  const { resource, key } = entry
  return JSON.stringify({ resource, key, deleted: true } satisfies Deletion)
}

/** The content of a frame of a state; `head` is that of the whole. */
export function encodeEntries(head: FrameHead, entries: readonly Entry[]): Buffer {
  return Buffer.from([JSON.stringify(head), ...entries.map((entry) => JSON.stringify(entry))].join('\n'))
}

const NEWLINE = 0x0a

/** Applies the lines of a frame to `objects`; returns its head. */
export function applyLines(content: Buffer, objects: Objects): FrameHead {
  let end = content.indexOf(NEWLINE)
  const head = JSON.parse(content.toString('utf8', 0, end < 0 ? content.length : end)) as FrameHead
  while (end >= 0) {
    const start = end + 1
    end = content.indexOf(NEWLINE, start)
    const line = JSON.parse(content.toString('utf8', start, end < 0 ? content.length : end)) as Entry | Deletion
    applyLine(line, objects)
  }
  return head
}

function applyLine(line: Entry | Deletion, objects: Objects): void {
  let entries = objects.get(line.resource)
  if ('deleted' in line) return void entries?.delete(line.key)
  if (entries === undefined) objects.set(line.resource, (entries = new Map()))
  entries.set(line.key, line)
}

export function countOf(objects: Objects): number {
  let count = 0
  for (const entries of objects.values()) count += entries.size
  return count
}
