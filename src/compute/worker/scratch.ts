import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Process ids mean something within one namespace only: workers in pods may share the directory and not the ids. */
const PREFIX = `shoal-worker-${processNamespace()}-`

/**
 * A directory of this worker's own, for what it keeps on disk while it lives. Only its user may enter it. It is removed when
 * the process ends; what killed workers left behind is removed by the next one that makes one.
 */
export function makeScratch(base: string = process.env['SHOAL_SCRATCH'] ?? tmpdir()): string {
  sweep(base)
  const directory = mkdtempSync(join(base, `${PREFIX}${process.pid}-`))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function sweep(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : 0
    if (pid > 0 && !isAlive(pid)) rmSync(join(base, name), { recursive: true, force: true })
  }
}

/** Whether a process of this namespace runs. One that nobody has waited for yet, as in containers without an init, has ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const [state = ''] = statOf(pid)
  return state !== 'Z' && state !== 'X'
}

/** When a process began, in ticks since the machine did: together with its id it is one of a kind. Undefined where nobody tells. */
export function beginningOf(pid: number): string | undefined {
  return statOf(pid)[19]
}

/** What the system says of a process, from its state on: the name before may hold anything. */
function statOf(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/** Process ids of different ones have nothing to do with each other. */
export function processNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}
