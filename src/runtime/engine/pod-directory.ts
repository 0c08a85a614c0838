import { readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Mount, Sandbox, SandboxSpec } from '../runtime.ts'
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

const FACTS_FILE = 'sandbox.json'

/** Makes it, and keeps in it what the sandbox is made of, for a later life. */
export async function makePodDirectory(directory: PodDirectory, spec: SandboxSpec): Promise<void> {
  await mkdir(directory.logs, { recursive: true })
  await writeFile(path.join(directory.path, FACTS_FILE), JSON.stringify(spec))
}

/** What the sandbox was made of; undefined where its files are gone, so that nothing could be added to it. */
export function specKeptIn(directory: PodDirectory): SandboxSpec | undefined {
  try {
    return JSON.parse(readFileSync(path.join(directory.path, FACTS_FILE), 'utf8')) as SandboxSpec
  } catch {
    return undefined
  }
}

/** The attempt that a pod's next sandbox is: after all that are known of it. */
export function nextAttempt({ uid, attempt }: SandboxSpec, known: Iterable<{ readonly sandbox: Sandbox }>): number {
  const own = [...known].filter(({ sandbox }) => sandbox.podUid === uid)
  return Math.max(attempt, ...own.map(({ sandbox }) => sandbox.attempt + 1))
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

/** Removes what an earlier life has left of pods whose sandbox its engine has no more. */
export async function removeOtherDirectories(
  base: string,
  own: Iterable<{ readonly directory: PodDirectory }>,
): Promise<void> {
  const kept = new Set([...own].map(({ directory }) => directory.path))
  const found = (await readdir(base)).filter((name) => OF_POD.test(name)).map((name) => path.join(base, name))
  for (const folder of found) if (!kept.has(folder)) await rm(folder, { recursive: true, force: true })
}

const OF_POD = /_\d+$/

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
