import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { batched, limited } from './batch.ts'
import type { SpawnerSettings } from './messages.ts'
import { openOutside } from './outside.ts'
import type { Outside } from './outside.ts'
import { freeSubnets, gatewayOf, routerOf, subnetNumber } from './subnet.ts'

/**
 * A network namespace for each pod, joined by a router. The router stands in a namespace of its own (the hub), so that the
 * host has one link only, and the kernel removes all of it when the spawner's mount namespace ends, however it ends. Pods
 * have nobody on their link but the router, so that whatever they send passes the hub's rules: Services' addresses and
 * network policies.
 */
export interface PodNetwork {
  /** The subnet, such as `10.88.4.0/22`, once it stands; undefined where there are no network namespaces. */
  readonly ready: Promise<string | undefined>
  readonly notes: readonly string[]
  join(sandboxId: string, address: string): Promise<void>
  /** Sets what the kernel keeps for each network, by file beneath /proc/sys. */
  tune(sandboxId: string, settings: Readonly<Record<string, string>>): Promise<void>
  leave(sandboxId: string): Promise<void>
  namespaceOf(sandboxId: string): string | undefined
  /** Whether pods reach what lies beyond the host. */
  readonly reachesOutside: boolean
  /** Whether the kernel takes rules here. */
  readonly takesRules: boolean
  /** Performs a script of `nft` in the hub, all of it or nothing. */
  rule(script: string): Promise<void>
  /** Sends what the host has for addresses of `range` through the hub, unless an earlier cluster does so. */
  route(range: string): Promise<void>
  close(): Promise<void>
}

/** Where `ip` keeps namespaces by name; a file system of the cluster's own, which the host does not see. */
const NAMESPACES = '/run/netns'
const JOINING_AT_ONCE = 4
const BATCH = 32

export function createNetwork(settings: SpawnerSettings): PodNetwork {
  const notes: string[] = []
  const namespaces = new Map<string, string>()
  const prefix = namespacePrefix(settings.owner)
  const hub = `${prefix}hub`
  const takesRules = settings.network && programs('nft')
  let raised: Raised | undefined
  let outside: Outside | undefined
  let pods = 0
  const ready = settings.network
    ? raise(settings.owner, hub).then(
        (network) => {
          raised = network
          outside = openOutside(network.subnet, network.link, takesRules)
          return network.subnet
        },
        (error: Error) => void notes.push(error.message),
      )
    : Promise.resolve(undefined)
  // One program plugs in many pods, and one takes many out.
  const plug = batched<string>(BATCH, (names) => ip(['-n', hub], plugCommands(names)))
  const remove = batched<string>(BATCH, (names) => ip(['-force'], removeCommands(names)))
  const join = limited(JOINING_AT_ONCE, async (sandboxId: string, address: string, subnet: string) => {
    const name = `${prefix}p${pods++}`
    fs.closeSync(fs.openSync(`${NAMESPACES}/${name}`, 'a'))
    namespaces.set(sandboxId, name)
    await run(['unshare', `--net=${NAMESPACES}/${name}`, 'ip', '-batch', '-'], podCommands(name, hub, address, subnet))
  })

  return {
    ready,
    notes,
    takesRules,
    get reachesOutside() {
      return outside !== undefined
    },
    async rule(script) {
      await run([...inHub(hub), 'nft', '-f', '-'], [script])
    },
    async route(range) {
      if (!raised) return
      const { link, subnet, index } = raised
      // Two clusters have the same Services' addresses: the host reaches those of the one with the lowest number.
      const metric = FIRST_METRIC + index
      await ip([], [`route add ${range} via ${routerOf(subnet)} dev ${link} src ${gatewayOf(subnet)} metric ${metric}`])
    },
    async join(sandboxId, address) {
      if (!raised) return
      await join(sandboxId, address, raised.subnet)
      await plug(namespaces.get(sandboxId) ?? '')
    },
    tune: (sandboxId, settings) => tune(namespaces.get(sandboxId) ?? '', settings),
    async leave(sandboxId) {
      const name = namespaces.get(sandboxId)
      if (!name) return
      namespaces.delete(sandboxId)
      await remove(name)
    },
    namespaceOf(sandboxId) {
      const name = namespaces.get(sandboxId)
      return name && `${NAMESPACES}/${name}`
    },
    async close() {
      if (!raised) return
      await outside?.close()
      const commands = [`link del ${raised.link}`, ...removeCommands([...namespaces.values(), hub])]
      await ip(['-force'], commands).catch(() => undefined)
    },
  }
}

async function tune(namespace: string, settings: Readonly<Record<string, string>>): Promise<void> {
  // These files are of the network of whoever opens them.
  const write = ['nsenter', `--net=${NAMESPACES}/${namespace}`, 'sh', '-c', 'cat > "/proc/sys/$1"', 'sh']
  for (const [file, value] of Object.entries(settings)) await run([...write, file], [value])
}

/** Those characters of the owner's name that no other cluster here has: links' names have at most 15. */
function namespacePrefix(owner: string): string {
  return `sh${owner.slice(-6)}`
}

/** What a pod's namespace is given from within it. */
function podCommands(name: string, hub: string, address: string, subnet: string): string[] {
  return [
    'link set lo up',
    `link add eth0 type veth peer name ${name} netns ${hub}`,
    `addr add ${address}/32 dev eth0`,
    'link set eth0 up',
    `route add ${routerOf(subnet)} dev eth0`,
    `route add default via ${routerOf(subnet)}`,
  ]
}

function plugCommands(names: readonly string[]): string[] {
  return names.map((name) => `link set ${name} master br0 up`)
}

function removeCommands(names: readonly string[]): string[] {
  return names.map((name) => `netns del ${name}`)
}

interface Raised {
  readonly subnet: string
  /** The host's link, whose name claims the subnet. */
  readonly link: string
  readonly index: number
}

/** After the routes that people make by hand. */
const FIRST_METRIC = 1000

/** Makes hub, bridge and the host's link, on a subnet that neither a route of the host nor another cluster has. */
async function raise(owner: string, hub: string): Promise<Raised> {
  await ip([], [`netns add ${hub}`])
  await ip(['-n', hub], ['link add br0 type bridge', 'link set br0 up'])
  for (const index of freeSubnets(fs.readFileSync('/proc/net/route', 'utf8'))) {
    const subnet = subnetNumber(index)
    const link = `shoal${index}`
    const failure = await ip([], hostCommands(link, owner, hub, subnet)).catch((error: Error) => error)
    if (failure && /File exists/.test(failure.message)) continue
    if (failure) throw failure
    await ip(['-n', hub], routerCommands(subnet))
    await run([...inHub(hub), 'sh', '-e'], FORWARD)
    return { subnet, link, index }
  }
  throw new Error('Cannot choose a subnet for pods: all of 10.88.0.0/14 is in use')
}

/** The kernel gives a name to one link only, so that of two clusters that start at once one gets the subnet. */
function hostCommands(link: string, owner: string, hub: string, subnet: string): string[] {
  return [
    `link add ${link} type veth peer name host netns ${hub}`,
    `link set ${link} alias ${owner}`,
    `addr add ${gatewayOf(subnet)}/32 dev ${link}`,
    `link set ${link} up`,
    `route add ${routerOf(subnet)} dev ${link} src ${gatewayOf(subnet)}`,
    `route add ${subnet} via ${routerOf(subnet)} dev ${link} src ${gatewayOf(subnet)}`,
  ]
}

function routerCommands(subnet: string): string[] {
  return [
    'link set lo up',
    `addr add ${routerOf(subnet)}/32 dev br0`,
    `route add ${subnet} dev br0`,
    'link set host up',
    `route add ${gatewayOf(subnet)} dev host`,
    `route add default via ${gatewayOf(subnet)} dev host`,
  ]
}

/** A router that tells nobody of shorter ways: pods have none. */
const FORWARD = [
  'cd /proc/sys/net/ipv4',
  'echo 1 > ip_forward',
  'for each in all default br0; do echo 0 > conf/$each/send_redirects; echo 0 > conf/$each/rp_filter; done',
]

function inHub(hub: string): string[] {
  return ['nsenter', `--net=${NAMESPACES}/${hub}`]
}

/** Whether a program is there. */
function programs(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => fs.existsSync(`${folder}/${name}`))
}

function ip(options: readonly string[], commands: readonly string[]): Promise<void> {
  return run(['ip', ...options, '-batch', '-'], commands)
}

/** Runs a program on lines of input; rejects with what it says where it fails. */
async function run(command: readonly string[], input: readonly string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['pipe', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stdin.on('error', () => undefined)
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`Cannot set up the pods' network: ${said.trim()}`)),
    )
    child.stdin.end(`${input.join('\n')}\n`)
  })
}
