import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Where pods expect their API server. */
const SERVICE_ADDRESS = '10.96.0.1'

/** Why pods cannot be given that address here, undefined where they can. */
export function whyNoServiceAddress(): string | undefined {
  return spawnSync('iptables', ['--version']).error === undefined ? undefined : 'needs iptables'
}

/** The one thing that is needed of kube-proxy: from pods on `bridge`, the Service `kubernetes` leads to a server on loopback. */
export async function openServiceAddress(bridge: string, server: string): Promise<AsyncDisposable> {
  const from = ['-i', bridge, '-d', SERVICE_ADDRESS, '-p', 'tcp', '--dport', '443']
  const to = ['-j', 'DNAT', '--to-destination', `127.0.0.1:${new URL(server).port}`]
  const rule = (act: string) => run('iptables', ['-t', 'nat', act, 'PREROUTING'].concat(from, to))
  await run('ip', ['link', 'add', bridge, 'type', 'bridge']).catch(() => {})
  writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1')
  await rule('-A')
  return {
    async [Symbol.asyncDispose]() {
      await rule('-D').catch(() => {})
    },
  }
}
