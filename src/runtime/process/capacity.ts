import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import os from 'node:os'
import type { MachineCapacity } from '../runtime.ts'

/** The kubelet's default. */
const MAX_PODS = 110

/** What the machine has, or what the cgroup that we run in leaves of it. */
export async function measureCapacity(directory: string): Promise<MachineCapacity> {
  const disk = await statfs(directory)
  const memoryLimit = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']
    .map(readNumber)
    .find((limit) => limit !== undefined)
  return {
    cpuMillis: os.availableParallelism() * 1000,
    memoryBytes: Math.min(os.totalmem(), memoryLimit ?? Infinity),
    diskBytes: disk.blocks * disk.bsize,
    pods: MAX_PODS,
  }
}

function readNumber(file: string): number | undefined {
  try {
    const value = Number(readFileSync(file, 'utf8').trim())
    return Number.isFinite(value) && value > 0 ? value : undefined
  } catch {
    return undefined
  }
}
