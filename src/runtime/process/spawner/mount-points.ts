import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import type { BindMount } from './messages.ts'

/** Within the spawner's own root, where covers keep what they add. */
const COVERS = '/.shoal'

/** Directories whose contents live in memory of our own: making an entry there does not touch the host. */
const covered = new Set<string>()
/** Covers are made one after another, so that two containers do not cover the same directory twice. */
let making: Promise<void> = Promise.resolve()

/** Tells which directories the set-up script has covered already. */
export function startWithCovers(directories: readonly string[]): void {
  for (const directory of directories) covered.add(directory)
}

/**
 * Makes the places at which the mounts will appear, and returns the mounts with symbolic links in their targets
 * resolved. A place that the host lacks is made in an overlay over its nearest existing parent, which only this cluster's
 * containers see.
 */
export async function prepareMountPoints(mounts: readonly BindMount[]): Promise<readonly BindMount[]> {
  const prepared: BindMount[] = []
  // Parents before children, so that a mount does not hide one made earlier.
  for (const mount of mounts.toSorted((a, b) => a.target.length - b.target.length)) {
    const { existing, missing } = splitAtMissing(path.resolve(mount.target))
    const target = path.join(existing, ...missing)
    const within = prepared.find((other) => target.startsWith(`${other.target}/`))
    if (within) makePlace(within.source + target.slice(within.target.length), mount.source)
    else if (missing.length > 0) {
      making = making.catch(() => undefined).then(() => cover(existing))
      await making
      makePlace(target, mount.source)
    }
    prepared.push({ ...mount, target })
  }
  return prepared
}

function makePlace(target: string, source: string): void {
  if (fs.existsSync(target)) return
  if (fs.statSync(source).isDirectory()) fs.mkdirSync(target, { recursive: true })
  else {
    fs.mkdirSync(path.dirname(target), { recursive: true })
    fs.closeSync(fs.openSync(target, 'a'))
  }
}

function splitAtMissing(target: string): { existing: string; missing: string[] } {
  const missing: string[] = []
  for (let at = target; ; at = path.dirname(at)) {
    try {
      return { existing: fs.realpathSync(at), missing }
    } catch {
      missing.unshift(path.basename(at))
    }
  }
}

async function cover(directory: string): Promise<void> {
  for (let at = directory; ; at = path.dirname(at)) {
    if (covered.has(at)) return
    if (at === '/' || isMountPoint(at)) break
  }
  const home = path.join(COVERS, String(covered.size))
  for (const name of ['upper', 'work', 'lower']) fs.mkdirSync(path.join(home, name), { recursive: true })
  const lower = path.join(home, 'lower')
  await mount('--rbind', directory, lower)
  const options = `lowerdir=${lower},upperdir=${home}/upper,workdir=${home}/work`
  await mount('-t', 'overlay', '-o', options, 'shoal', directory)
  for (const below of mountPoints().filter((point) => point.startsWith(`${lower}/`))) {
    await mount('--rbind', below, directory + below.slice(lower.length))
  }
  covered.add(directory)
}

function mountPoints(): string[] {
  const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n')
  return lines.map((line) => (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, code) => octal(code)))
}

function octal(code: string): string {
  return String.fromCharCode(Number.parseInt(code, 8))
}

function isMountPoint(directory: string): boolean {
  return mountPoints().includes(directory)
}

function mount(...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('mount', args, (error, _stdout, stderr) =>
      error ? reject(new Error(`Cannot make a mount point: ${stderr.trim() || error.message}`)) : resolve(),
    )
  })
}
