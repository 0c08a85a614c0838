import { markedJson, readMarkedJson } from '../../api/meta/big-integers.ts'
import type { KubeObject } from '../../api/object.ts'
import { noteWritten } from '../encoding.ts'
import type { Siblings } from '../siblings.ts'
import type { Change, Commit, Entry } from '../store.ts'

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

/**
 * The content of a frame: lines of JSON, the first its head, then the last change of each object. The objects' own bytes in it
 * are left for whoever answers and watches.
 */
export function encodeCommits(head: FrameHead, commits: readonly Commit[]): Buffer {
  const lines = new Lines(JSON.stringify(head))
  if (commits.length === 1 && commits[0]!.changes.length === 1) lines.add(commits[0]!.changes[0]!)
  else {
    const last = new Map<string, Change>()
    for (const { changes } of commits)
      for (const change of changes) last.set(`${change.entry.resource}/${change.entry.key}`, change)
    for (const change of last.values()) lines.add(change)
  }
  return lines.finish()
}

/** Lines of text that become bytes all at once, with the places of the objects in them. */
class Lines {
  readonly #pieces: string[]
  readonly #objects: KubeObject[] = []
  /** The pieces that are objects. */
  readonly #at: number[] = []

  constructor(first: string) {
    this.#pieces = [first]
  }

  add({ type, entry }: Change): void {
    const { resource, key, object, created, modified } = entry
    if (type === 'delete') {
      this.#pieces.push(`\n${JSON.stringify({ resource, key, deleted: true } satisfies Deletion)}`)
      return
    }
    this.#objects.push(object)
    this.#at.push(this.#pieces.length + 1)
    const json = markedJson(object)
    const mark = json.startsWith(' ') ? ' ' : ''
    this.#pieces.push(
      `\n${mark}{"resource":${JSON.stringify(resource)},"key":${JSON.stringify(key)},"object":`,
      mark === '' ? json : json.slice(1),
      `,"created":${created},"modified":${modified}}`,
    )
  }

  finish(): Buffer {
    const text = this.#pieces.join('')
    const bytes = Buffer.from(text)
    // Where every character is a byte, as almost always, places in the text are places in the bytes.
    const lengthOf = bytes.length === text.length ? (piece: string) => piece.length : Buffer.byteLength
    const [starts, ends]: [number[], number[]] = [[], []]
    let end = 0
    let next = 0
    for (let i = 0; i < this.#pieces.length; i++) {
      const start = end
      end += lengthOf(this.#pieces[i]!)
      if (this.#at[next] !== i) continue
      starts.push(start)
      ends.push(end)
      next += 1
    }
    noteWritten({ bytes, objects: this.#objects, starts, ends })
    return bytes
  }
}

/** What of a state is encoded in one turn of the event loop, a millisecond at most: so many objects, or so much text of them. */
const FRAME_OF_STATE = { entries: 64, characters: 1 << 18 }

/** The contents of the frames of a state, each encoded when it is asked for; `head` is that of the whole. */
export function* encodeEntries(head: FrameHead, entries: Iterable<Entry>): Iterable<Buffer> {
  const first = JSON.stringify(head)
  let lines = [first]
  let characters = 0
  for (const entry of entries) {
    const line = markedJson(entry)
    characters += line.length
    if (lines.push(line) <= FRAME_OF_STATE.entries && characters < FRAME_OF_STATE.characters) continue
    yield Buffer.from(lines.join('\n'))
    lines = [first]
    characters = 0
  }
  if (lines.length > 1) yield Buffer.from(lines.join('\n'))
}

const NEWLINE = 0x0a

/** Applies the lines of a frame to `objects`, which are frozen; returns its head. */
export function applyLines(content: Buffer, objects: Objects, siblings: Siblings): FrameHead {
  let end = content.indexOf(NEWLINE)
  const head = JSON.parse(content.toString('utf8', 0, end < 0 ? content.length : end)) as FrameHead
  while (end >= 0) {
    const start = end + 1
    end = content.indexOf(NEWLINE, start)
    const line = readMarkedJson(content.toString('utf8', start, end < 0 ? content.length : end)) as Entry | Deletion
    applyLine(line, objects, siblings)
  }
  return head
}

function applyLine(line: Entry | Deletion, objects: Objects, siblings: Siblings): void {
  let entries = objects.get(line.resource)
  if ('deleted' in line) return void entries?.delete(line.key)
  if (entries === undefined) objects.set(line.resource, (entries = new Map()))
  const object = siblings.share(line.resource, line.object, entries.get(line.key)?.object)
  entries.set(line.key, Object.freeze({ ...line, object }))
}

export function countOf(objects: Objects): number {
  let count = 0
  for (const entries of objects.values()) count += entries.size
  return count
}
