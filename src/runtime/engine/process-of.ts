import { readFileSync } from 'node:fs'

/** Whether the number is that of a process of the container on this machine. */
export function isProcessOf(containerId: string, pid: number): boolean {
  try {
    return pid > 0 && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(containerId)
  } catch {
    return false
  }
}
