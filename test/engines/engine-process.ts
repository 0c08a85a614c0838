import { execFileSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
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

/** Runs a program for what it does; returns whether it succeeded. */
export function quietly(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program(command) ?? command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
