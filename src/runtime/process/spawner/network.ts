import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import type { SpawnerSettings } from './messages.ts'

/**
 * A network namespace for each pod, joined by a bridge. The bridge stands in a namespace of its own (the hub), so that the
 * host has one link only, and the kernel removes all of it when the spawner's mount namespace ends, however it ends.
 */
export interface PodNetwork {
  /** The subnet's first three numbers once it stands; undefined where there are no network namespaces. */
  readonly ready: Promise<string | undefined>
  readonly notes: readonly string[]
  join(sandboxId: string, address: string): Promise<void>
  leave(sandboxId: string): Promise<void>
  namespaceOf(sandboxId: string): string | undefined
  close(): Promise<void>
}

export function createNetwork(settings: SpawnerSettings): PodNetwork {
  const notes: string[] = []
  const namespaces = new Map<string, string>()
  const prefix = linkPrefix(settings.owner)
  const hub = `${prefix}hub`
  let subnet: string | undefined
  let pods = 0
  const ready = settings.network
    ? raise(prefix, hub).then(
        (raised) => (subnet = raised),
        (error: Error) => void notes.push(error.message),
      )
    : Promise.resolve(undefined)

  return {
    ready,
    notes,
    async join(sandboxId, address) {
      if (!subnet) return
      const name = `${prefix}p${pods++}`
      await ip([`netns add ${name}`])
      await ip([
        `-n ${hub} link add ${name} type veth peer name eth0 netns ${name}`,
        `-n ${hub} link set ${name} master br0 up`,
        `-n ${name} link set lo up`,
        `-n ${name} addr add ${address}/24 dev eth0`,
        `-n ${name} link set eth0 up`,
        `-n ${name} route add default via ${subnet}.1`,
      ])
      namespaces.set(sandboxId, name)
    },
    async leave(sandboxId) {
      const name = namespaces.get(sandboxId)
      if (!name) return
      namespaces.delete(sandboxId)
      await ip([`netns del ${name}`])
    },
    namespaceOf(sandboxId) {
      const name = namespaces.get(sandboxId)
      return name && `/run/netns/${name}`
    },
    async close() {
      if (!subnet) return
      const commands = [...namespaces.values(), hub].map((name) => `netns del ${name}`)
      await ip([`link del ${prefix}`, ...commands]).catch(() => undefined)
    },
  }
}

/** Links' names have at most 15 characters: those of the owner's name that no other cluster here has. */
function linkPrefix(owner: string): string {
  return `sh${owner.slice(-6)}`
}

/** Makes hub, bridge and the host's link, on the first subnet of 10.88.0.0/16 upwards that no link of the host has. */
async function raise(prefix: string, hub: string): Promise<string> {
  const subnet = freeSubnet(await routes())
  await ip([`netns add ${hub}`])
  await ip([
    `link add ${prefix} type veth peer name host netns ${hub}`,
    `addr add ${subnet}.1/24 dev ${prefix}`,
    `link set ${prefix} up`,
    `-n ${hub} link add br0 type bridge`,
    `-n ${hub} link set host master br0 up`,
    `-n ${hub} link set br0 up`,
  ])
  return subnet
}

function freeSubnet(taken: string): string {
  for (let n = 0; n < 256; n++) if (!taken.includes(`10.88.${n}.`)) return `10.88.${n}`
  throw new Error('Cannot choose a subnet for pods: all of 10.88.0.0/16 is in use')
}

async function routes(): Promise<string> {
  return fs.readFileSync('/proc/net/fib_trie', 'utf8')
}

/** Runs the commands in order, each as `ip` takes it; lines with `-n` enter a namespace and need a process of their own. */
async function ip(commands: readonly string[]): Promise<void> {
  const script = commands.map((command) => `ip ${command} || exit 1`).join('\n')
  await new Promise<void>((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`Cannot set up the pods' network: ${said.trim()}`)),
    )
  })
}
