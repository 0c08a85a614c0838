import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { KeyToPath } from '../../api/generated/core-v1.ts'
import { VolumeError } from '../config-error.ts'
import type { SourceData } from '../pod-sources.ts'

/** A file of a volume: its path within the volume, its bytes and its mode. */
export interface VolumeFile {
  readonly path: string
  readonly bytes: Uint8Array | string
  readonly mode: number
}

/** Kubernetes' default mode of files in config map, secret, downward API and projected volumes: 0644. */
export const DEFAULT_MODE = 0o644

/** The files that a source's keys become: all of them, or those of `items` at their paths. */
export function filesOf(
  data: SourceData,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  source: { readonly description: string; readonly optional: boolean },
): readonly VolumeFile[] {
  if (items === undefined) return [...data].map(([key, bytes]) => ({ path: key, bytes, mode }))
  return items.flatMap((item) => {
    const bytes = data.get(item.key)
    if (bytes !== undefined) return [{ path: item.path, bytes, mode: item.mode ?? mode }]
    if (source.optional) return []
    throw new VolumeError(`references non-existent ${source.description} key: ${item.key}`)
  })
}

/**
 * Writes the files under `directory`, which is created. At once and without the thread pool: the API bounds them to a
 * megabyte or so, and for files this small the way to another thread takes many times longer than the write.
 */
export function writeVolume(directory: string, files: readonly VolumeFile[]): void {
  mkdirSync(directory, { recursive: true })
  for (const file of files) write(directory, file)
}

function write(directory: string, file: VolumeFile): void {
  const target = path.join(directory, file.path)
  // The API has refused such paths; this is the last line of defence.
  if (!target.startsWith(directory + path.sep)) throw new VolumeError(`path "${file.path}" leads out of the volume`)
  if (file.path.includes('/')) mkdirSync(path.dirname(target), { recursive: true })
  // What is there from an earlier try may be read-only.
  rmSync(target, { force: true })
  writeFileSync(target, file.bytes, { mode: file.mode })
  // The process' umask took away what a mode of its own would give.
  if ((file.mode & 0o022) !== 0) chmodSync(target, file.mode)
}
