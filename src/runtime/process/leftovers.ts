import { chmodSync, existsSync, mkdtempSync, readdirSync, readlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { locateCgroupHome, removeTree } from './spawner/cgroup.ts'

/**
 * The start of the name of everything that outlives processes (directory, cgroups): tells who owns it. The pid namespace
 * is part of it, since a cluster within a pod of another cluster must not take that one's owner for dead.
 */
export function ownerPrefix(pid: number = process.pid): string {
  return `shoal-${pid}-${pidNamespace()}-`
}

/**
 * Makes a directory among the system's temporary ones that belongs to this life of this process. The owner removes it; where
 * the owner is killed, the spawner of a runtime in it does, else the next sweep. Pods of other users pass through it to
 * what is theirs, but cannot list it.
 */
export function makeTemporaryDirectory(): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), ownerPrefix()))
  chmodSync(directory, 0o711)
  // In the background: those of owners that were killed where no spawner was there to see it.
  void sweepLeftovers(os.tmpdir()).catch(() => undefined)
  return directory
}

/** Removes what runtimes left whose owner is dead: only where both it and its spawner were killed outright. */
export async function sweepLeftovers(base: string): Promise<void> {
  const { cpu, memory, accounting } = locateCgroupHome('any')
  for (const folder of new Set([cpu, memory, accounting].flatMap((home) => (home ? [path.dirname(home)] : [])))) {
    for (const name of orphansIn(folder)) removeTree(path.join(folder, name))
  }
  // What belongs to another user stays for that user's next sweep.
  const remove = (folder: string) =>
    orphansIn(folder).map((name) => rm(path.join(folder, name), { recursive: true, force: true }))
  // Volumes in memory lie there, in a directory of the same name.
  const removed = [...remove(base), ...remove('/dev/shm')]
  await Promise.allSettled(removed)
}

function orphansIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(isOrphan) : []
}

/** Whether the name tells of an owner that is dead. */
export function isOrphan(name: string): boolean {
  const [, owner, namespace] = /^shoal-(\d+)-(\d+)-\w{6}$/.exec(name) ?? []
  return owner !== undefined && namespace === pidNamespace() && !isAlive(Number(owner))
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
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
