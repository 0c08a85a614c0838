import { readdirSync, rmdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Mount, SandboxSpec } from '../runtime.ts'
import { writeHostsFile } from '../process/pod-files.ts'

/** Where a pod's logs and its hosts file lie: found again by its uid after the agent's restart. */
export interface PodDirectory {
  readonly path: string
  readonly logs: string
}

export function podDirectory(base: string, uid: string, attempt: number): PodDirectory {
  const own = path.join(base, `${uid}_${attempt}`)
  return { path: own, logs: path.join(own, 'logs') }
}

export async function makePodDirectory(directory: PodDirectory): Promise<void> {
  await mkdir(directory.logs, { recursive: true })
}

/** Writes the hosts file, once the pod's address is known; the engine sees to resolver and hostname. */
export async function writeHosts(directory: PodDirectory, spec: SandboxSpec, ip: string): Promise<void> {
  await writeHostsFile(path.join(directory.path, 'hosts'), spec, ip)
}

export function hostsMount(directory: PodDirectory): Mount {
  return { hostPath: path.join(directory.path, 'hosts'), containerPath: '/etc/hosts', readOnly: false }
}

export async function removePodDirectory(directory: PodDirectory): Promise<void> {
  await rm(directory.path, { recursive: true, force: true })
}

const CGROUPS = '/sys/fs/cgroup'

/** Engines make a pod's cgroup above its containers' and leave it behind, in every hierarchy. */
export function removePodCgroup(cgroup: string): void {
  for (const folder of [CGROUPS, ...hierarchies()]) {
    try {
      rmdirSync(path.join(folder, cgroup))
    } catch {
      // Not there, or not empty: then somebody else's.
    }
  }
}

function hierarchies(): readonly string[] {
  try {
    return readdirSync(CGROUPS).map((name) => path.join(CGROUPS, name))
  } catch {
    return []
  }
}
