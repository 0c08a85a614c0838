import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, renameSync } from 'node:fs'
import { existsSync, readdirSync, rmSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Large values between processes of one machine lie in files of its shared memory: written once, read where they are used,
 * never pushed through a socket. The files of a session lie in one directory, which only its user may enter.
 */
const ROOT = '/dev/shm'
const PREFIX = 'shoal-memory-'

/** Smaller values travel in frames. */
export const LARGE_BYTES = 256 * 1024

/** Values of a session in shared memory. */
export interface SharedMemory {
  /** Under {@link ROOT}. */
  readonly directory: string
  /** The name under which whoever sees the directory reads them; undefined where there is no room: containers often have little. */
  write(bytes: Uint8Array): string | undefined
}

/** A directory for this process' session; undefined where the machine has no shared memory. Removes those of dead processes. */
export function openSharedMemory(): (SharedMemory & { close(): void }) | undefined {
  if (process.platform !== 'linux' || !existsSync(ROOT)) return undefined
  const directory = `${PREFIX}${process.pid}-${randomHex()}`
  try {
    sweep()
    mkdirSync(join(ROOT, directory), { mode: 0o700 })
  } catch {
    return undefined
  }
  const close = () => rmSync(join(ROOT, directory), { recursive: true, force: true })
  process.once('exit', close)
  return {
    ...writerTo(directory),
    close() {
      process.off('exit', close)
      close()
    },
  }
}

/** The memory of a session as another process of it sees it; undefined where it does not. */
export function sharedMemoryAt(directory: string): SharedMemory | undefined {
  if (!isDirectoryName(directory) || !existsSync(join(ROOT, directory))) return undefined
  return writerTo(directory)
}

/**
 * So many files of each writer are written again when what was in them is no longer needed: pages that are there already cost a
 * fifth of new ones. Larger files are not kept.
 */
const MOST_SPARE = 16
const MOST_SPARE_BYTES = 4 * 1024 * 1024
/** The first letter of a file's name: written again, or removed. */
const AGAIN = 'a'
const ONCE = 'b'

function writerTo(directory: string): SharedMemory {
  const prefix = randomHex()
  const mine: string[] = []
  let count = 0
  const create = (bytes: Uint8Array) => {
    const isKept = mine.length < MOST_SPARE && bytes.byteLength <= MOST_SPARE_BYTES
    const name = `${directory}/${isKept ? AGAIN : ONCE}${prefix}-${count++}`
    if (!isWritten(join(ROOT, name), 'wx', bytes)) return undefined
    if (isKept) mine.push(name)
    return name
  }
  /** The one of those that were written before that was freed last: most of it is still in the processor's cache. */
  const again = (bytes: Uint8Array) => {
    if (bytes.byteLength > MOST_SPARE_BYTES) return undefined
    const name = `${directory}/${AGAIN}${prefix}-${count++}`
    const at = mine.findLastIndex((old) => isRenamed(`${join(ROOT, old)}.free`, join(ROOT, name)))
    if (at < 0) return undefined
    mine.splice(at, 1)
    if (!isWritten(join(ROOT, name), 'r+', bytes)) return undefined
    mine.push(name)
    return name
  }
  return { directory, write: (bytes) => again(bytes) ?? create(bytes) }
}

/** Loaded where it is needed: most threads never write here. */
const randomHex = () => process.getBuiltinModule('node:crypto').randomBytes(6).toString('hex')

function isRenamed(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch {
    return false
  }
}

/** False where there is no room for all of it: nothing is left there then. */
function isWritten(path: string, flags: 'wx' | 'r+', bytes: Uint8Array): boolean {
  const file = openSync(path, flags, 0o600)
  try {
    for (let at = 0; at < bytes.byteLength;) at += writeSync(file, bytes, at)
    if (flags === 'r+') ftruncateSync(file, bytes.byteLength)
    return true
  } catch (error) {
    unlinkSync(path)
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
    return false
  } finally {
    closeSync(file)
  }
}

/** What was written under the name, in memory of its own. Throws where it is gone, or was never seen from here. */
export function readShared(name: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(sharedBytes(name))
  readSharedInto(name, bytes)
  return bytes
}

/** How large it is. */
export const sharedBytes = (name: string): number => statSync(pathOf(name)).size

/** Fills `target` with it. */
export function readSharedInto(name: string, target: Uint8Array): void {
  const file = openSync(pathOf(name), 'r')
  try {
    for (let at = 0; at < target.byteLength;) {
      const read = readSync(file, target, at, target.byteLength - at, null)
      if (read === 0) throw new Error(`Cannot read "${name}" from shared memory: it ends after ${at} bytes`)
      at += read
    }
  } finally {
    closeSync(file)
  }
}

/** It is no longer needed by anybody. */
export function removeShared(name: string): void {
  const path = pathOf(name)
  try {
    if (name.includes(`/${AGAIN}`)) renameSync(path, `${path}.free`)
    else unlinkSync(path)
  } catch {
    // Its session is over, and its directory gone.
  }
}

/** Removes all that a session left, whose driver has died. */
export function removeSharedMemory(directory: string): void {
  if (isDirectoryName(directory)) rmSync(join(ROOT, directory), { recursive: true, force: true })
}

const isDirectoryName = (directory: string) => /^shoal-memory-\d+-[0-9a-f]+$/.test(directory)

/** Whether it may be the name of something in shared memory. */
export const isSharedName = (name: string): boolean => /^shoal-memory-\d+-[0-9a-f]+\/[ab][0-9a-f]+-\d+$/.test(name)

function pathOf(name: string): string {
  if (!isSharedName(name)) throw new Error(`Cannot read "${name}": it is no value in shared memory`)
  return join(ROOT, name)
}

function sweep(): void {
  for (const name of readdirSync(ROOT)) {
    const pid = Number(/^shoal-memory-(\d+)-/.exec(name)?.[1])
    if (pid > 0 && !isAlive(pid)) rmSync(join(ROOT, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
