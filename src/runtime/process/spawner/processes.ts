import * as fs from 'node:fs'
import { constants } from 'node:os'
import type { Cgroup } from './cgroup.ts'
import type { UsageSample } from './messages.ts'

export const CONTAINER_MARK = 'SHOAL_CONTAINER_ID'

/** What is needed to find a container's processes. */
export interface ProcessOwner {
  readonly pid: number
  readonly cgroup: Cgroup | undefined
  readonly spec: { readonly containerId: string }
}

/** Sends a signal to the process, or to its whole group; one that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals, group: boolean): void {
  try {
    process.kill(group ? -pid : pid, signal)
  } catch {
    // Already gone.
  }
}

/** Whether the process has a handler of its own for the signal; true where the system does not tell. */
export function handles(pid: number, signal: NodeJS.Signals): boolean {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return caught === undefined || ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
  } catch {
    return true
  }
}

/** Kills whatever of a container still runs: by cgroup where it has one, by session and descent elsewhere. */
export function endProcesses(container: ProcessOwner): void {
  signalGroup(container.pid, 'SIGKILL', true)
  // Repeated, since one that was forking while the list was read is not on it. A killed process stays listed until it
  // has been reaped, hence the bound.
  for (let round = 0, last = ''; round < MAX_ROUNDS; round++) {
    const pids = processesOf(container)
    for (const pid of pids) signalGroup(pid, 'SIGKILL', false)
    if (pids.length === 0 || pids.join() === last) return
    last = pids.join()
  }
}

const MAX_ROUNDS = 20

/** Kills whatever carries the mark of a container: for who knows no more of it than its id. */
export function endMarked(containerId: string): void {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const pids = allPids().filter((pid) => isMarked(pid, containerId))
    if (pids.length === 0) return
    for (const pid of pids) signalGroup(pid, 'SIGKILL', false)
  }
}

function allPids(): number[] {
  return fs.readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
}

/** The pids of a container's processes. */
export function processesOf(container: ProcessOwner): number[] {
  const listed = container.cgroup?.processes()
  if (listed) return listed
  return process.platform === 'linux' ? byDescent(container) : [container.pid]
}

interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly session: number
}

/** Every process of the session that the main process leads, everything marked as the container's, and all descended from those. */
function byDescent({ pid: leader, spec }: ProcessOwner): number[] {
  const rows = allPids().flatMap((pid) => readRow(pid) ?? [])
  const members = new Set(
    rows.filter(({ pid, session }) => session === leader || isMarked(pid, spec.containerId)).map(({ pid }) => pid),
  )
  for (let grown = true; grown;) {
    grown = false
    for (const { pid, parent } of rows) {
      if (members.has(pid) || !members.has(parent)) continue
      members.add(pid)
      grown = true
    }
  }
  return [...members]
}

function isMarked(pid: number, containerId: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${CONTAINER_MARK}=${containerId}`)
  } catch {
    return false
  }
}

/** The fields after the command's name, which may itself contain spaces and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Whether it is gone, or waits for nothing but to be reaped. */
export function hasEnded(pid: number): boolean {
  const [state] = statFields(pid) ?? []
  return state === undefined || state === 'Z' || state === 'X'
}

function readRow(pid: number): ProcessRow | undefined {
  const fields = statFields(pid)
  return fields && { pid, parent: Number(fields[1]), session: Number(fields[3]) }
}

/** Linux counts CPU time in ticks of a hundredth of a second, on every architecture that Node runs on. */
const MS_PER_TICK = 10
const PAGE_BYTES = 4096

/** What a container uses now: from its cgroup where it has one, else summed over its processes. */
export function sampleUsage(container: ProcessOwner): UsageSample {
  const pids = processesOf(container)
  let cpuMs = 0
  let memoryBytes = 0
  for (const pid of pids) {
    const fields = statFields(pid)
    if (!fields) continue
    // With that of children that have ended.
    cpuMs += fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * MS_PER_TICK
    memoryBytes += Number(fields[21]) * PAGE_BYTES
  }
  const { containerId } = container.spec
  const { cgroup } = container
  return {
    containerId,
    cpuMs: cgroup?.cpuMs() ?? cpuMs,
    memoryBytes: cgroup?.memoryBytes() ?? memoryBytes,
    processes: pids.length,
  }
}
