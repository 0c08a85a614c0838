import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Pod } from '../../api/generated/core-v1.ts'

/** What Kubernetes adds to the modes of a volume's files for the pod's group, and to its directories. */
const WRITABLE = 0o660
const READABLE = 0o440
const DIRECTORY = 0o2110

/**
 * Gives a volume to the pod's `fsGroup`: everything in it belongs to the group, which may read it (and write it, where the
 * volume may be written), and what is made in it later does so too. Only root can; for others it stays as it is.
 */
export function giveToGroup(pod: Pod, directory: string, isReadOnly: boolean): void {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {}
  if (fsGroup === undefined || process.getuid?.() !== 0) return
  if (fsGroupChangePolicy === 'OnRootMismatch' && isGiven(directory, fsGroup, isReadOnly)) return
  give(directory, fsGroup, isReadOnly ? READABLE : WRITABLE)
}

function isGiven(directory: string, group: number, isReadOnly: boolean): boolean {
  const { gid, mode } = lstatSync(directory)
  const wanted = (isReadOnly ? READABLE : WRITABLE) | DIRECTORY
  return gid === group && (mode & wanted) === wanted
}

/** The directory itself comes last: its mode tells that all within it is done. */
function give(file: string, group: number, bits: number): void {
  const found = lstatSync(file)
  if (found.isSymbolicLink()) return
  const isDirectory = found.isDirectory()
  if (isDirectory) for (const name of readdirSync(file)) give(path.join(file, name), group, bits)
  chownSync(file, -1, group)
  chmodSync(file, (found.mode & 0o7777) | bits | (isDirectory ? DIRECTORY : 0))
}
