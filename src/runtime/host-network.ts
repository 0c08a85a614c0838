import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import type { Environment } from '../env/environment.ts'
import type { PodNetwork } from './pod-network.ts'

/** The network of pods that a container engine connects to this machine's own. */
export interface HostNetwork {
  readonly podNetwork: PodNetwork
  /** Removes all rules that were made through it. */
  close(): Promise<void>
}

const TABLES = /^table ip (shoal-(\d+)-\S+)$/

/**
 * Rules stand among the host's own, in tables with a name of this process's: those of processes that were killed are removed by
 * the next. Without privileges or `nft` there are none.
 */
export async function openHostNetwork({ random }: Environment, hostAddress: string): Promise<HostNetwork> {
  const nothing = { podNetwork: { hostAddress }, close: () => Promise.resolve() }
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return nothing
  const listed = await nft(['list', 'tables']).catch(() => undefined)
  if (listed === undefined) return nothing
  const removed = (names: readonly string[]) =>
    nft(['-f', '-'], names.map((name) => `delete table ip ${name}\n`).join('')).catch(() => undefined)
  await removed(tablesIn(listed, (pid) => !existsSync(`/proc/${pid}`)))
  const table = `shoal-${process.pid}-${random.uuid().slice(0, 6)}`
  const podNetwork: PodNetwork = {
    hostAddress,
    table,
    isHost: true,
    rule: async (script) => void (await nft(['-f', '-'], script)),
    filters: bridgesAreFiltered(),
  }
  const close = async () => {
    const now = await nft(['list', 'tables']).catch(() => '')
    await removed(tablesIn(now).filter((name) => name.startsWith(table)))
  }
  return { podNetwork, close }
}

function tablesIn(listed: string, isWanted: (pid: string) => boolean = () => true): readonly string[] {
  return listed.split('\n').flatMap((line) => {
    const [, name, pid] = TABLES.exec(line.trim()) ?? []
    return name !== undefined && pid !== undefined && isWanted(pid) ? [name] : []
  })
}

/** Whether what pods on one bridge send each other passes the host's rules, as Kubernetes wants of its nodes. */
function bridgesAreFiltered(): boolean {
  try {
    return readFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').trim() === '1'
  } catch {
    return false
  }
}

function nft(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('nft', [...args], { stdio: ['pipe', 'pipe', 'pipe'] })
    let [out, said] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stdin.on('error', () => undefined)
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`Cannot change rules: ${said.trim()}`)),
    )
    child.stdin.end(input)
  })
}
