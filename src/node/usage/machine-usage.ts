import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import os from 'node:os'

/** What is in use on the whole machine, by pods and by everybody else. */
export interface MachineUsage {
  /** CPU time since the machine's start, in milliseconds. */
  readonly cpuMs: number
  readonly memoryBytes: number
  readonly memoryAvailableBytes: number
  readonly diskBytes: number
  readonly diskUsedBytes: number
  readonly diskAvailableBytes: number
  readonly inodes: number
  readonly inodesFree: number
}

/** Measures this machine; `directory` is on the file system that pods write to. */
export async function measureMachine(directory: string): Promise<MachineUsage> {
  const disk = await statfs(directory)
  const cpuMs = os.cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
  const available = availableMemory()
  return {
    cpuMs,
    memoryBytes: os.totalmem() - available,
    memoryAvailableBytes: available,
    diskBytes: disk.blocks * disk.bsize,
    diskUsedBytes: (disk.blocks - disk.bfree) * disk.bsize,
    diskAvailableBytes: disk.bavail * disk.bsize,
    inodes: disk.files,
    inodesFree: disk.ffree,
  }
}

/** What the kernel says could be had without swapping; what is free where it does not say. */
function availableMemory(): number {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]
    return kilobytes === undefined ? os.freemem() : Number(kilobytes) * 1024
  } catch {
    return os.freemem()
  }
}
