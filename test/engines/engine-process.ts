import { execFile, execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { program } from '../images/root.ts'

/** Ends an engine and waits until it has ended. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** What an engine that was killed has left mounted. */
export function unmountBelow(directory: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const mount of mounts.filter((each) => each.startsWith(directory)).toReversed()) quietly('umount', '-l', mount)
}

/** Devices that are still plugged into a bridge. */
export function devicesOf(bridge: string): readonly string[] {
  return readdirSync(`/sys/class/net/${bridge}/brif`).map((name) => `device ${name} on ${bridge}`)
}

/** The files beneath a folder whose path matches, in the order of their names. */
export function filesIn(folder: string, pattern: RegExp): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return files.filter((file) => pattern.test(file)).toSorted()
}

/** Namespaces of networks that an engine keeps in a folder of its own; Docker leaves the files on which they were mounted. */
export function namespacesIn(folder: string): readonly string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  const places = mounts.map((line) => line.split(' ')[1] ?? '').filter((place) => place.startsWith(`${folder}/`))
  // The machine's own is no pod's.
  return places.filter((place) => !place.endsWith('/default')).map((place) => `namespace ${place}`)
}

/** Rules of the packet filter that plugins have made for the pods of a network. */
export function rulesOf(network: string): readonly string[] {
  const all = execFileSync(program('iptables') ?? 'iptables', ['-t', 'nat', '-S'], { encoding: 'utf8' }).split('\n')
  return all.filter((rule) => rule.includes(network)).map((rule) => `rule ${rule}`)
}

/** Shims that an engine has started and that hold no container any more, or one that ought to be gone. */
export function shimsOf(directory: string): readonly string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return command.includes('containerd-shim') && command.includes(directory) ? [`process ${pid}: ${command}`] : []
    } catch {
      return []
    }
  })
}

/** Runs a program while this process goes on, for what it prints; rejects where it fails. */
export async function output(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program(command) ?? command, args)
  return stdout
}

/** Runs a program for what it does; returns whether it succeeded. */
export function quietly(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program(command) ?? command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
