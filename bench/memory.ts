import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Memory of a process and all that it started, in MB (10^6 bytes). */
export interface Memory {
  /** Resident: what is shared counts once for each process that maps it. */
  readonly rssMb: number
  /** Proportional: what is shared counts once in all. */
  readonly pssMb: number
  readonly processes: number
}

/** The memory of the tree under `pid` now; undefined where the system does not tell (no `/proc`) or the process is gone. */
export function treeMemory(pid: number): Memory | undefined {
  const measured = tree(pid).flatMap((each) => processMemory(each) ?? [])
  if (measured.length === 0) return undefined
  const sum = (of: 'rssMb' | 'pssMb') => measured.reduce((total, memory) => total + memory[of], 0)
  return { rssMb: sum('rssMb'), pssMb: sum('pssMb'), processes: measured.length }
}

/** Memory of one process. */
export function processMemory(pid: number): { readonly rssMb: number; readonly pssMb: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const megabytes = (name: string) => (Number(new RegExp(`^${name}: *(\\d+) kB`, 'm').exec(text)?.[1]) * 1024) / 1e6
    return { rssMb: megabytes('Rss'), pssMb: megabytes('Pss') }
  } catch {
    return undefined
  }
}

/** The highest PSS that the tree under `pid` reached, looked at every 50 ms until `ended`. */
export async function peakPssMb(pid: number, ended: Promise<unknown>): Promise<number | undefined> {
  let peak: number | undefined
  let running = true
  void ended.finally(() => (running = false))
  while (running) {
    const pssMb = treeMemory(pid)?.pssMb
    if (pssMb !== undefined) peak = Math.max(peak ?? 0, pssMb)
    await sleep(50)
  }
  return peak
}

/** `pid` and its descendants. */
export function tree(pid: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const [child, parent] of parents()) children.set(parent, [...(children.get(parent) ?? []), child])
  const found = [pid]
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]!) ?? []))
  return found
}

function parents(): readonly (readonly [number, number])[] {
  let names: readonly string[]
  try {
    names = readdirSync('/proc')
  } catch {
    return []
  }
  return names.filter((name) => /^\d+$/.test(name)).flatMap((name) => parentOf(Number(name)))
}

function parentOf(pid: number): readonly (readonly [number, number])[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything, spaces and parentheses too.
    return [[pid, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]]
  } catch {
    return []
  }
}
