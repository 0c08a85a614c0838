import * as fs from 'node:fs'
import * as path from 'node:path'

/** Where a cluster's cgroups live: one folder for each controller in version 1, one for all in version 2. */
export interface CgroupHome {
  readonly version: 'v1' | 'v2' | 'none'
  readonly cpu?: string
  readonly memory?: string
  /** Of version 1, where CPU time is counted; the same as `cpu` on most machines. */
  readonly accounting?: string
}

/** What a container may use; absent: as much as there is. */
export interface Limits {
  readonly cpuMillis?: number
  readonly cpuShares?: number
  readonly memoryBytes?: number
}

/** A container's cgroup. */
export interface Cgroup {
  /** Writing `0` to each moves the writing process into the cgroup. */
  readonly joinFiles: readonly string[]
  processes(): number[]
  cpuMs(): number | undefined
  memoryBytes(): number | undefined
  peakMemoryBytes(): number | undefined
  oomKilled(): boolean
  /** Replaces its limits; throws where the kernel refuses, such as to limit memory to less than is in use. */
  limit(limits: Limits): void
  remove(): void
}

const ROOT = '/sys/fs/cgroup'
const CPU_PERIOD_US = 100_000

/** Makes the cluster's own cgroup below the one that this process is in; version `none` where that is not allowed. */
export function openCgroupHome(owner: string): CgroupHome {
  const home = locateCgroupHome(owner)
  try {
    for (const folder of foldersOf(home)) fs.mkdirSync(folder)
    if (home.version === 'v2' && home.cpu) {
      fs.writeFileSync(path.join(home.cpu, 'cgroup.subtree_control'), '+cpu +memory')
    }
    return home
  } catch {
    closeCgroupHome(home)
    return { version: 'none' }
  }
}

/** Where this process would make the cgroup of that name. */
export function locateCgroupHome(owner: string): CgroupHome {
  const lines = read('/proc/self/cgroup').trim().split('\n')
  const placed = new Map(lines.flatMap((line) => controllersOf(line)))
  const memory = placed.get('memory')
  const unified = placed.get('')
  if (memory !== undefined) {
    const cpu = path.join(ROOT, 'cpu', placed.get('cpu') ?? '/', owner)
    const own = lines.some((line) => /^\d+:cpuacct:/.test(line))
    const accounting = own ? path.join(ROOT, 'cpuacct', placed.get('cpuacct') ?? '/', owner) : cpu
    return { version: 'v1', cpu, memory: path.join(ROOT, 'memory', memory, owner), accounting }
  }
  if (unified === undefined) return { version: 'none' }
  const folder = path.join(ROOT, unified, owner)
  return { version: 'v2', cpu: folder, memory: folder }
}

function foldersOf(home: CgroupHome): Set<string> {
  return new Set([home.cpu, home.memory, home.accounting].filter((folder) => folder !== undefined))
}

function controllersOf(line: string): [string, string][] {
  const [, controllers = '', folder = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
  return controllers.split(',').map((controller) => [controller, folder])
}

/** Removes the cluster's cgroup with its containers'; false while processes in it are still ending. */
export function closeCgroupHome(home: CgroupHome): boolean {
  for (const folder of foldersOf(home)) removeTree(folder)
  return ![...foldersOf(home)].some((folder) => fs.existsSync(folder))
}

/** The limits of a container, or no cgroup where the machine has none to give. */
export function containerCgroup(home: CgroupHome, containerId: string, limits: Limits): Cgroup | undefined {
  if (home.version === 'none' || !home.cpu || !home.memory) return undefined
  const cpu = path.join(home.cpu, containerId)
  const memory = path.join(home.memory, containerId)
  const accounting = path.join(home.accounting ?? home.cpu, containerId)
  const folders = [...new Set([cpu, memory, accounting])]
  const isV1 = home.version === 'v1'
  try {
    for (const folder of folders) fs.mkdirSync(folder)
    if (isV1) limitV1(cpu, memory, limits)
    else limitV2(cpu, limits)
  } catch {
    for (const folder of folders) removeTree(folder)
    return undefined
  }
  return isV1 ? cgroupV1({ folders, cpu, memory, accounting }) : cgroupV2(cpu)
}

const quotaOf = ({ cpuMillis }: Limits): number | undefined =>
  cpuMillis === undefined ? undefined : Math.round((cpuMillis * CPU_PERIOD_US) / 1000)

function limitV1(cpu: string, memory: string, limits: Limits): void {
  const quota = quotaOf(limits)
  if (quota !== undefined) {
    fs.writeFileSync(path.join(cpu, 'cpu.cfs_period_us'), String(CPU_PERIOD_US))
    fs.writeFileSync(path.join(cpu, 'cpu.cfs_quota_us'), String(Math.max(quota, 1000)))
  }
  if (limits.cpuShares !== undefined) fs.writeFileSync(path.join(cpu, 'cpu.shares'), String(limits.cpuShares))
  if (limits.memoryBytes === undefined) return
  fs.writeFileSync(path.join(memory, 'memory.limit_in_bytes'), String(limits.memoryBytes))
}

function limitV2(folder: string, limits: Limits): void {
  const quota = quotaOf(limits)
  if (quota !== undefined) fs.writeFileSync(path.join(folder, 'cpu.max'), `${Math.max(quota, 1000)} ${CPU_PERIOD_US}`)
  if (limits.cpuShares !== undefined) {
    // Kubernetes' own conversion of shares (2 to 262144) to weight (1 to 10000).
    const weight = Math.floor(1 + ((limits.cpuShares - 2) * 9999) / 262142)
    fs.writeFileSync(path.join(folder, 'cpu.weight'), String(Math.max(1, weight)))
  }
  if (limits.memoryBytes !== undefined) {
    fs.writeFileSync(path.join(folder, 'memory.max'), String(limits.memoryBytes))
  }
}

/** What was limited before and is not any more. */
const NO_LIMIT = '-1'

interface FoldersV1 {
  readonly folders: readonly string[]
  readonly cpu: string
  readonly memory: string
  readonly accounting: string
}

function cgroupV1({ folders, cpu, memory, accounting }: FoldersV1): Cgroup {
  return {
    joinFiles: folders.map((folder) => path.join(folder, 'cgroup.procs')),
    processes: () => readPids(path.join(memory, 'cgroup.procs')),
    cpuMs: () => millis(readNumber(path.join(accounting, 'cpuacct.usage'))),
    memoryBytes: () => readNumber(path.join(memory, 'memory.usage_in_bytes')),
    peakMemoryBytes: () => readNumber(path.join(memory, 'memory.max_usage_in_bytes')),
    oomKilled: () => /oom_kill [1-9]/.test(read(path.join(memory, 'memory.oom_control'))),
    limit(limits) {
      if (limits.cpuMillis === undefined) fs.writeFileSync(path.join(cpu, 'cpu.cfs_quota_us'), NO_LIMIT)
      if (limits.memoryBytes === undefined) fs.writeFileSync(path.join(memory, 'memory.limit_in_bytes'), NO_LIMIT)
      limitV1(cpu, memory, limits)
    },
    remove: () => folders.forEach(removeTree),
  }
}

function cgroupV2(folder: string): Cgroup {
  return {
    joinFiles: [path.join(folder, 'cgroup.procs')],
    processes: () => readPids(path.join(folder, 'cgroup.procs')),
    cpuMs: () => {
      const usage = /usage_usec (\d+)/.exec(read(path.join(folder, 'cpu.stat')))?.[1]
      return usage === undefined ? undefined : Number(usage) / 1000
    },
    memoryBytes: () => readNumber(path.join(folder, 'memory.current')),
    peakMemoryBytes: () => readNumber(path.join(folder, 'memory.peak')),
    oomKilled: () => /oom_kill [1-9]/.test(read(path.join(folder, 'memory.events'))),
    limit(limits) {
      if (limits.cpuMillis === undefined) fs.writeFileSync(path.join(folder, 'cpu.max'), `max ${CPU_PERIOD_US}`)
      if (limits.memoryBytes === undefined) fs.writeFileSync(path.join(folder, 'memory.max'), 'max')
      limitV2(folder, limits)
    },
    remove: () => removeTree(folder),
  }
}

const millis = (nanos: number | undefined) => (nanos === undefined ? undefined : nanos / 1e6)

/** A cgroup can be removed once it is empty; its own files go with it. */
export function removeTree(folder: string): void {
  try {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(path.join(folder, entry.name))
    }
    fs.rmdirSync(folder)
  } catch {
    // Gone, or a process in it is still ending: the next cluster on this machine removes it.
  }
}

function readPids(file: string): number[] {
  return read(file).split('\n').filter(Boolean).map(Number)
}

function readNumber(file: string): number | undefined {
  const text = read(file).trim()
  return text === '' ? undefined : Number(text)
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
