import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import type { KeyToPath } from '../../api/generated/core-v1.ts'
import { VolumeError } from '../config-error.ts'
import type { SourceData } from '../pod-sources.ts'

/** A file of a volume: its path within the volume, its bytes and its mode. */
export interface VolumeFile {
  readonly path: string
  readonly bytes: Uint8Array | string
  readonly mode: number
  /** Its owner, where it is not the agent's user. */
  readonly user?: number
}

/** Kubernetes' default mode of files in config map, secret, downward API and projected volumes: 0644. */
export const DEFAULT_MODE = 0o644

/** The files that a source's keys become: all of them, or those of `items` at their paths. `missingKey` are the words for a key that is not there. */
export function filesOf(
  data: SourceData,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  source: { readonly missingKey: string; readonly optional: boolean },
): readonly VolumeFile[] {
  if (items === undefined) return [...data].map(([key, bytes]) => ({ path: key, bytes, mode }))
  return items.flatMap((item) => {
    const bytes = data.get(item.key)
    if (bytes !== undefined) return [{ path: item.path, bytes, mode: item.mode ?? mode }]
    if (source.optional) return []
    throw new VolumeError(`${source.missingKey}: ${item.key}`)
  })
}

/** The link that names the files of now, as Kubernetes' own volumes have it. */
const CURRENT = '..data'

/**
 * Makes `files` the content of `directory`, all at once: they are written into a directory of their own, then the link
 * `..data` is replaced; every file is a link through it, so that nobody sees half of an update. `finish` sees the new
 * directory before anybody else does. Without the thread pool: the API bounds files to a megabyte or so, and for files
 * this small the way to another thread takes many times longer than the write.
 */
export function writeVolume(
  directory: string,
  files: readonly VolumeFile[],
  finish: (directory: string) => void = () => {},
): void {
  mkdirSync(directory, { recursive: true })
  const before = linkAt(path.join(directory, CURRENT))
  const fresh = mkdtempSync(`${directory}${path.sep}..`)
  chmodSync(fresh, 0o755)
  for (const file of files) write(fresh, file)
  finish(fresh)
  const next = path.join(directory, '..data_tmp')
  rmSync(next, { force: true })
  symlinkSync(path.basename(fresh), next)
  renameSync(next, path.join(directory, CURRENT))
  const names = new Set(files.map((file) => file.path.split('/')[0] ?? ''))
  for (const name of names) {
    const link = path.join(directory, name)
    if (linkAt(link) === undefined) symlinkSync(path.join(CURRENT, name), link)
  }
  if (before !== undefined) clean(directory, before, names)
}

/** Takes away what only the content before had. */
function clean(directory: string, before: string, names: ReadonlySet<string>): void {
  rmSync(path.join(directory, before), { recursive: true, force: true })
  for (const name of readdirSync(directory)) {
    if (!name.startsWith('..') && !names.has(name)) rmSync(path.join(directory, name), { force: true })
  }
}

function linkAt(file: string): string | undefined {
  try {
    return readlinkSync(file)
  } catch {
    return undefined
  }
}

function write(directory: string, file: VolumeFile): void {
  const target = path.join(directory, file.path)
  // The API has refused such paths; this is the last line of defence.
  if (!target.startsWith(directory + path.sep)) throw new VolumeError(`path "${file.path}" leads out of the volume`)
  if (file.path.includes('/')) mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, file.bytes, { mode: file.mode })
  // The process' umask took away what a mode of its own would give.
  if ((file.mode & 0o022) !== 0) chmodSync(target, file.mode)
  if (file.user !== undefined && process.getuid?.() === 0) chownSync(target, file.user, -1)
}
