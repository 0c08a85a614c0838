import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory } from '../env/make-directory.ts'
import { stateDirectory } from './state-directory.ts'
import { keepFile } from './keep-file.ts'

/** A cluster that `shoal up` started on this machine. */
export interface RunningCluster {
  readonly pid: number
  readonly server: string
  readonly port: number
  readonly kubeconfig: string
  /** Absent where it keeps nothing. */
  readonly dataDirectory?: string
  readonly nodes: number
  readonly runtime: string
  /** Where its container engine listens, if not where it usually does. */
  readonly engine?: string
  readonly startedAt: string
}

const directory = () => join(stateDirectory(), 'clusters')
const fileOf = (pid: number) => join(directory(), `${pid}.json`)

/** Adds this process to the list. */
export function announce(cluster: RunningCluster): void {
  const file = fileOf(cluster.pid)
  const write = () => {
    makeDirectory(directory(), 0o700)
    writeFileSync(file, JSON.stringify(cluster), { mode: 0o600 })
  }
  keepFile('record of the cluster', file, write, 'name another directory with XDG_STATE_HOME')
}

/** Takes a cluster off the list, with the keys of one that keeps nothing. */
export function withdraw(pid: number): void {
  const cluster = read(fileOf(pid))
  rmSync(fileOf(pid), { force: true })
  if (cluster !== undefined && cluster.dataDirectory === undefined) {
    rmSync(inMemoryDirectory(cluster.port), { recursive: true, force: true })
  }
}

/** Where the kubeconfig of a cluster that keeps nothing lies while it runs. */
export function inMemoryDirectory(port: number): string {
  return join(stateDirectory(), `in-memory-${port}`)
}

/** Those whose process still lives; what others left behind is cleared away. */
export function runningClusters(): readonly RunningCluster[] {
  const clusters: RunningCluster[] = []
  for (const name of names()) {
    const cluster = read(join(directory(), name))
    if (cluster !== undefined && isAlive(cluster.pid)) clusters.push(cluster)
    else withdraw(Number.parseInt(name, 10))
  }
  return clusters.sort((a, b) => a.port - b.port)
}

function names(): readonly string[] {
  try {
    return readdirSync(directory())
  } catch {
    return []
  }
}

function read(file: string): RunningCluster | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunningCluster
  } catch {
    return undefined
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
