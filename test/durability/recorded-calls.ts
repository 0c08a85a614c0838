import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

/** A system call on a file of the directory that is looked at, or on its names, in the order in which they began. */
export type Call =
  | { readonly type: 'create'; readonly name: string; readonly file: number }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'unlink'; readonly name: string }
  | { readonly type: 'write'; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly type: 'truncate'; readonly file: number; readonly length: number }
  /** A flush has ended that covers every call on the file (or, without one, on names) before `began`. */
  | { readonly type: 'flushed'; readonly file: number | undefined; readonly began: number }
  /** The write with that number has returned, to a file that is open so that it is flushed by then. */
  | { readonly type: 'flushed-write'; readonly write: number }
  /** What the program said on standard output. */
  | { readonly type: 'said'; readonly text: string }

const TRACED = 'openat,pwrite64,pwritev,write,fdatasync,fsync,ftruncate,rename,renameat2,unlink,unlinkat,rmdir'

/** Whether this machine lets system calls be followed. */
export function canTrace(): boolean {
  return spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
}

/** Runs a program under `strace`; throws where it fails. */
export function recordCalls(command: readonly string[], trace: string, directory: string): readonly Call[] {
  const options = ['-f', '-y', '-xx', '-s', '10000000', '--seccomp-bpf', '-e', `trace=${TRACED}`, '-o', trace]
  const { status, stderr } = spawnSync('strace', [...options, ...command], { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) throw new Error(`Cannot record "${command.join(' ')}": it ended with ${status}: ${stderr}`)
  return parseTrace(readFileSync(trace, 'latin1'), directory)
}

interface Parsing {
  readonly directory: string
  readonly calls: Call[]
  /** Numbers of files by their present names. */
  readonly files: Map<string, number>
  /** Descriptors whose writes return when they are flushed. */
  readonly synced: Set<string>
  /** The first part of a call of each thread that another one cut in upon, and when it began. */
  readonly unfinished: Map<string, { readonly text: string; readonly began: number }>
  made: number
}

/** Reads what `strace -f -y -xx` wrote. */
export function parseTrace(text: string, directory: string): readonly Call[] {
  const parsing: Parsing = { directory, calls: [], files: new Map(), synced: new Set(), unfinished: new Map(), made: 0 }
  for (const line of text.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const began = parsing.calls.length
    if (rest.endsWith('<unfinished ...>')) {
      const start = rest.slice(0, -'<unfinished ...>'.length).trimEnd()
      parsing.unfinished.set(thread, { text: start, began })
      addData(parsing, start)
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    if (resumed === null) {
      addData(parsing, rest)
      addOther(parsing, rest, began)
      continue
    }
    const start = parsing.unfinished.get(thread)
    parsing.unfinished.delete(thread)
    if (start !== undefined) addOther(parsing, start.text + resumed[1]!, start.began)
  }
  return parsing.calls
}

/** Writes count from when they begin: a power cut may leave a part of one that never returned. */
function addData(parsing: Parsing, text: string): void {
  const [, call = '', path = '', rest = ''] = /^(pwrite64|pwritev|write|ftruncate)\(\d+<(.*?)>, (.*)$/.exec(text) ?? []
  if (call === '') return
  if (call === 'write') {
    if (/^1\D/.test(text.slice('write('.length)))
      parsing.calls.push({ type: 'said', text: bytesIn(rest)[0]!.toString() })
    return
  }
  const file = parsing.files.get(nameIn(parsing.directory, path) ?? '')
  if (file === undefined) return
  const numbers = rest.replace(/"[^"]*"/g, '').match(/-?\d+/g) ?? []
  if (call === 'ftruncate') return void parsing.calls.push({ type: 'truncate', file, length: Number(numbers[0]) })
  // An unfinished call has its arguments already; what follows the offset is the result.
  const offsets = /, (\d+)\)?(?: = \d+)?$/.exec(rest)
  parsing.calls.push({ type: 'write', file, at: Number(offsets?.[1]), bytes: Buffer.concat(bytesIn(rest)) })
}

function addOther(parsing: Parsing, text: string, began: number): void {
  const { directory, files, calls } = parsing
  const [, result] = / = (\d+)/.exec(text.slice(text.lastIndexOf(')'))) ?? []
  if (result === undefined) return
  if (text.startsWith('openat(')) {
    if (/O_D?SYNC/.test(text)) parsing.synced.add(result)
    else parsing.synced.delete(result)
  }
  const [, descriptor = ''] = /^pwrite(?:64|v)\((\d+)</.exec(text) ?? []
  if (parsing.synced.has(descriptor) && calls[began]?.type === 'write')
    calls.push({ type: 'flushed-write', write: began })
  const [, flushed] = /^(?:fdatasync|fsync)\(\d+<(.*?)>\)/.exec(text) ?? []
  if (flushed !== undefined) {
    if (plainPath(flushed) === directory) calls.push({ type: 'flushed', file: undefined, began })
    const file = files.get(nameIn(directory, flushed) ?? '')
    if (file !== undefined) calls.push({ type: 'flushed', file, began })
    return
  }
  const paths = bytesIn(text).map((bytes) => nameIn(directory, bytes.toString()))
  if (/^openat\(.*O_CREAT/.test(text) && paths[0] !== undefined && !files.has(paths[0])) {
    files.set(paths[0], parsing.made)
    calls.push({ type: 'create', name: paths[0], file: parsing.made++ })
  }
  const [from, to] = paths
  if (text.startsWith('rename') && from !== undefined && to !== undefined) {
    files.set(to, files.get(from)!)
    files.delete(from)
    calls.push({ type: 'rename', from, to })
  }
  if (text.startsWith('unlink') && from !== undefined) {
    files.delete(from)
    calls.push({ type: 'unlink', name: from })
  }
}

function nameIn(directory: string, path: string): string | undefined {
  const plain = plainPath(path)
  return plain.startsWith(`${directory}/`) ? basename(plain) : undefined
}

const plainPath = (path: string): string => (path.includes('\\x') ? unescape(path).toString() : path)

const unescape = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')

/** The texts in quotes, each written as `\x..` throughout. */
function bytesIn(text: string): Buffer[] {
  return [...text.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex = '']) => unescape(hex))
}
