import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import type { BindMount } from './messages.ts'

/** Within the spawner's own root, where covers keep what they add. */
const COVERS = '/.shoal'

/**
 * Directories whose contents live in memory of our own: making an entry there does not touch the host. Each with where the
 * host's own stays in reach, absent for those of the set-up script.
 */
const covered = new Map<string, string | undefined>()
/** What the runtime writes for the host to read: never covered. */
let ownDirectory = '/'
/** Covers are made one after another, so that two containers do not cover the same directory twice. */
let making: Promise<void> = Promise.resolve()

/** Tells which directories the set-up script has covered already, and where the runtime's own files are. */
export function startWithCovers(directories: readonly string[], own: string): void {
  ownDirectory = own
  for (const directory of directories) covered.set(directory, undefined)
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
    const source = beneath(mount.source)
    const within = prepared.find((other) => target.startsWith(`${other.target}/`))
    if (within) makePlace(within.source + target.slice(within.target.length), source)
    else if (missing.length > 0) {
      making = making.catch(() => undefined).then(() => cover(existing))
      await making
      makePlace(target, source)
    }
    prepared.push({ ...mount, target })
  }
  // Only now: a place of the last may have covered what the first is taken from.
  return prepared.map((mount) => ({ ...mount, source: beneath(mount.source) }))
}

/** A path of the host as it was before it was covered: what is written there reaches the host. */
function beneath(file: string): string {
  const within = [...covered].filter(([directory, lower]) => lower !== undefined && isWithin(file, directory))
  const [directory, lower] = within.sort(([a], [b]) => b.length - a.length)[0] ?? []
  return directory === undefined || isWithin(file, ownDirectory) ? file : lower + file.slice(directory.length)
}

const isWithin = (file: string, directory: string) => file === directory || file.startsWith(`${directory}/`)

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
  if (isWithin(ownDirectory, directory))
    await mount('--rbind', lower + ownDirectory.slice(directory.length), ownDirectory)
  for (const below of mountPoints().filter((point) => point.startsWith(`${lower}/`))) {
    await mount('--rbind', below, directory + below.slice(lower.length)).catch((error: unknown) => {
      // Somebody else's, such as a container engine's, may have gone since it was listed.
      if (isMountPoint(below)) throw error
    })
  }
  covered.set(directory, lower)
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
