import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import * as fs from 'node:fs'

/** The pods' way beyond the host, under the host's address. */
export interface Outside {
  close(): Promise<void>
}

const FORWARDING = '/proc/sys/net/ipv4/ip_forward'

/**
 * Has the host forward what pods send beyond it. The rules belong to a process of ours that waits for its input to end: the
 * kernel removes them with it, however that comes. Undefined where the machine does not allow it.
 */
export function openOutside(subnet: string, link: string, takesRules: boolean): Outside | undefined {
  if (!takesRules || !forwards()) return undefined
  const keeper = spawn('nft', ['-i'], { stdio: ['pipe', 'ignore', 'ignore'] })
  keeper.on('error', () => undefined)
  keeper.stdin.on('error', () => undefined)
  keeper.stdin.write(`${masquerade(subnet, link).join('\n')}\n`)
  const isAccepted = acceptForwarded(link, '-I')
  return {
    async close() {
      if (isAccepted) acceptForwarded(link, '-D')
      await ended(keeper)
    },
  }
}

function masquerade(subnet: string, link: string): string[] {
  const table = `ip ${link}`
  return [
    `add table ${table} { flags owner; }`,
    `add chain ${table} outbound { type nat hook postrouting priority srcnat; }`,
    `add rule ${table} outbound ip saddr ${subnet} oifname != "${link}" masquerade`,
  ]
}

function forwards(): boolean {
  try {
    if (fs.readFileSync(FORWARDING, 'utf8').trim() !== '1') fs.writeFileSync(FORWARDING, '1')
    return true
  } catch {
    return false
  }
}

/** Docker has the host drop what it does not know; rules of other tables cannot change that. */
function acceptForwarded(link: string, action: '-I' | '-D'): boolean {
  const iptables = (...args: string[]) => spawnSync('iptables', ['-w', ...args], { encoding: 'utf8' })
  if (action === '-I' && !/^-P FORWARD DROP/m.test(iptables('-S', 'FORWARD').stdout ?? '')) return false
  for (const side of ['-i', '-o']) {
    const rule = ['FORWARD', side, link, '-j', 'ACCEPT']
    // One that stands is of an owner of that link that was killed, and serves as well.
    if (action === '-D' || iptables('-C', ...rule).status !== 0) iptables(action, ...rule)
  }
  return true
}

async function ended(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null || keeper.pid === undefined) return
  const closed = new Promise((resolve) => keeper.once('close', resolve))
  keeper.stdin?.end()
  await closed
}
