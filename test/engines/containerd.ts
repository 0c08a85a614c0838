import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { archiveOf, PAUSE } from '../images/images.ts'
import { program } from '../images/root.ts'
import type { Engine } from './engine.ts'
import { devicesOf, end, namespacesIn, output, quietly, rulesOf, shimsOf, unmountBelow } from './engine-process.ts'

const PLUGINS = ['/usr/lib/cni', '/opt/cni/bin']
/** Of pods' networks, where it is told to keep them. */
const NAMESPACES = 'state/io.containerd.grpc.v1.cri/netns'
const INSTALL = 'sudo apt-get install containerd runc containernetworking-plugins iptables busybox-static'

/** Why there can be none here, with the command that helps; undefined where there can be. */
export function containerdMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'containerd is started as root, on Linux only'
  const lacks = ['containerd', 'runc', 'ctr', 'busybox', 'iptables'].filter((name) => program(name) === undefined)
  if (pluginFolder() === undefined) lacks.push('CNI plugins')
  return lacks.length === 0 ? undefined : `no ${lacks.join(', ')}: ${INSTALL}`
}

const pluginFolder = () => PLUGINS.find((folder) => existsSync(join(folder, 'bridge')))

export async function startContainerd(): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-ctrd-'))
  const socket = join(directory, 'c.sock')
  // Pods of several test runs at once must not meet.
  const network = { bridge: `shoalt${randomInt(10_000)}`, subnet: `10.${randomInt(64, 128)}.${randomInt(256)}.0/24` }
  writeFileSync(join(directory, 'config.toml'), configuration(directory, socket))
  mkdirSync(join(directory, 'net.d'))
  writeFileSync(join(directory, 'net.d/10-pods.conflist'), JSON.stringify(networkOf(directory, network)))
  let running = await runContainerd(directory, socket)
  const ctr = (...args: readonly string[]) =>
    execFileSync(program('ctr') ?? 'ctr', ['-a', socket, '-n', 'k8s.io', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const load: Engine['load'] = (...images) => {
    for (const image of images) ctr('images', 'import', '--no-unpack', archiveOf(image))
  }
  load(PAUSE)
  return {
    endpoint: `unix://${socket}`,
    directory,
    bridge: network.bridge,
    load,
    async restart() {
      await end(running, 'SIGKILL')
      running = await runContainerd(directory, socket)
    },
    async push(image, as) {
      ctr('images', 'tag', image, as)
      await output('ctr', '-a', socket, '-n', 'k8s.io', 'images', 'push', '--plain-http', as)
      ctr('images', 'remove', as)
    },
    forget: (image) => void ctr('images', 'remove', image),
    containersOf: (uid) => lines(ctr('containers', 'ls', '-q', `labels."io.kubernetes.pod.uid"==${uid}`)),
    killContainer: (id) => void ctr('tasks', 'kill', '--signal', 'SIGKILL', id),
    leftovers() {
      const containers = lines(ctr('containers', 'ls', '-q'))
      const addresses = readdirSync(join(directory, 'cni', network.bridge)).filter((name) => name.startsWith('10.'))
      const left = [...containers.map((id) => `container ${id}`), ...addresses.map((address) => `address ${address}`)]
      const ofNetwork = [...namespacesIn(join(directory, NAMESPACES)), ...rulesOf(network.bridge)]
      return [...left, ...ofNetwork, ...devicesOf(network.bridge), ...shimsOf(socket)]
    },
    async [Symbol.asyncDispose]() {
      await removeAll(ctr)
      await end(running, 'SIGKILL')
      unmountBelow(directory)
      rmSync(directory, { recursive: true, force: true })
      quietly('ip', 'link', 'delete', network.bridge)
    },
  }
}

/** Starts one by the `config.toml` in its directory; resolves when it answers. */
export async function runContainerd(directory: string, socket: string): Promise<ChildProcess> {
  const log = openSync(join(directory, 'log'), 'a')
  const child = spawn(program('containerd') ?? 'containerd', ['-c', join(directory, 'config.toml')], {
    stdio: ['ignore', log, log],
  })
  for (;;) {
    if (child.exitCode !== null) throw new Error(`containerd ended: ${readFileSync(join(directory, 'log'), 'utf8')}`)
    if (existsSync(socket) && quietly(program('ctr') ?? 'ctr', '-a', socket, 'version')) return child
    await sleep(50)
  }
}

const lines = (output: Buffer) => output.toString().trim().split('\n').filter(Boolean)

/** What tests left behind: containerd ends without its containers. */
async function removeAll(ctr: (...args: readonly string[]) => Buffer): Promise<void> {
  for (const task of lines(ctr('tasks', 'ls', '-q'))) {
    try {
      ctr('tasks', 'rm', '-f', task)
    } catch {
      // It ended by itself.
    }
  }
}

function configuration(directory: string, socket: string): string {
  return `version = 2
root = "${directory}/root"
state = "${directory}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE.names[0]}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${pluginFolder()}"
    conf_dir = "${directory}/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${directory}/certs.d"
`
}

function networkOf(directory: string, { bridge, subnet }: { readonly bridge: string; readonly subnet: string }) {
  const ipam = {
    type: 'host-local',
    dataDir: `${directory}/cni`,
    ranges: [[{ subnet }]],
    routes: [{ dst: '0.0.0.0/0' }],
  }
  const pods = { type: 'bridge', bridge, isGateway: true, ipMasq: true, hairpinMode: true, ipam }
  const ports = { type: 'portmap', capabilities: { portMappings: true } }
  return { cniVersion: '0.4.0', name: bridge, plugins: [pods, ports] }
}
