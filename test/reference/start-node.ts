import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Pod } from '../../src/api/generated/core-v1.ts'
import { nodes } from '../../src/api/generated/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { archiveOf, NODE, PAUSE } from '../images/images.ts'
import type { TestImage } from '../images/images.ts'
import { goProgram, whyNotBuilt } from './go-programs.ts'
import { freePorts, startProgram } from './program.ts'
import type { Program } from './program.ts'
import { openServiceAddress, whyNoServiceAddress } from './service-address.ts'
import type { ControlledServer } from './start-reference.ts'

/** A real node of a reference server: containerd and the kubelet, with the stock Node image at hand. */
export interface ReferenceNode extends AsyncDisposable {
  readonly name: string
  log(name: 'containerd' | 'kubelet'): string
  /** Gives it one more image. */
  load(image: TestImage): Promise<void>
  /** Kills the process of a pod's first container, as the kernel would. */
  kill(pod: Pod): Promise<void>
}

/** The server reaches the node's kubelet by its name, which is this machine's. */
export const NODE_NAME = 'localhost'

const TOOLS = ['containerd', 'ctr', 'runc'] as const
const CNI_PLUGINS = '/usr/lib/cni'
const run = promisify(execFile)

/** Why no real node can be had here, undefined where it can. */
export function whyNoNode(): string | undefined {
  const notBuilt = whyNotBuilt('kubelet')
  if (notBuilt !== undefined) return notBuilt
  if (process.getuid?.() !== 0) return 'needs root'
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version']).error !== undefined)
  if (missing.length > 0) return `needs ${missing.join(', ')}`
  if (!existsSync(join(CNI_PLUGINS, 'bridge'))) return `needs CNI plugins in ${CNI_PLUGINS}`
  return whyNoServiceAddress() ?? PAUSE.missing() ?? NODE.missing()
}

/** Starts a node and waits until it is Ready. */
export async function startNode(server: ControlledServer, client: Client): Promise<ReferenceNode> {
  const directory = mkdtempSync(join(tmpdir(), 'reference-node-'))
  const socket = join(directory, 'containerd.sock')
  const programs: Program[] = []
  const network = networkOfItsOwn()
  const service = await openServiceAddress(network.bridge, server.endpointFor('node', []).server)
  const close = async () => {
    await endContainers(socket)
    for (const program of programs.toReversed()) await program[Symbol.asyncDispose]()
    unmountBelow(directory)
    await service[Symbol.asyncDispose]()
    spawnSync('ip', ['link', 'delete', network.bridge])
    rmSync(directory, { recursive: true, force: true })
  }
  const load = async (image: TestImage) =>
    void (await run('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', archiveOf(image)]))
  const kill = async ({ status }: Pod) => {
    const id = (status?.containerStatuses?.[0]?.containerID ?? '').replace('containerd://', '')
    await run('ctr', ['-a', socket, '-n', 'k8s.io', 'tasks', 'kill', '-s', 'SIGKILL', id])
  }
  try {
    const containerd = startProgram(
      'containerd',
      'containerd',
      ['-c', await containerdConfig(directory, network)],
      directory,
    )
    programs.push(containerd)
    await containerd.until(
      async () => existsSync(socket) && (await run('ctr', ['-a', socket, 'version'])).stdout !== '',
    )
    for (const image of [PAUSE, NODE]) await load(image)
    const kubelet = startProgram(
      'kubelet',
      await goProgram('kubelet'),
      await kubeletArguments(server, directory),
      directory,
    )
    programs.push(kubelet)
    await kubelet.until(async () => {
      const node = await client.get(nodes, { name: NODE_NAME })
      return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
    })
  } catch (error) {
    await close()
    throw error
  }
  const log = (name: string) => programs.find((program) => program.name === name)?.log() ?? ''
  return { name: NODE_NAME, log, load, kill, [Symbol.asyncDispose]: close }
}

/** Pods of several nodes at once on one machine must not meet, nor find each other's API server. */
const networkOfItsOwn = () => ({ bridge: `shoalr${randomInt(10_000)}`, subnet: `10.245.${randomInt(256)}.0/24` })

/** The machine's own settings with everything it keeps in `directory`. */
async function containerdConfig(directory: string, network: ReturnType<typeof networkOfItsOwn>): Promise<string> {
  const { stdout } = await run('containerd', ['config', 'default'])
  const networks = join(directory, 'net.d')
  mkdirSync(networks)
  const plugin = {
    type: 'bridge',
    bridge: network.bridge,
    isGateway: true,
    ipMasq: true,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: join(directory, 'addresses'),
      ranges: [[{ subnet: network.subnet }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  }
  writeFileSync(
    join(networks, '10-bridge.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: 'pods', plugins: [plugin] }),
  )
  const config = stdout
    .replaceAll('/run/containerd/containerd.sock', join(directory, 'containerd.sock'))
    .replace(/^root = .*$/m, `root = "${join(directory, 'root')}"`)
    .replace(/^state = .*$/m, `state = "${join(directory, 'state')}"`)
    .replaceAll('/opt/cni/bin', CNI_PLUGINS)
    .replaceAll('/etc/cni/net.d', networks)
    .replace(/sandbox_image = .*/, `sandbox_image = "registry.k8s.io/pause:3.10"`)
    .replace('restrict_oom_score_adj = false', 'restrict_oom_score_adj = true')
  const file = join(directory, 'config.toml')
  writeFileSync(file, config)
  return file
}

async function kubeletArguments(server: ControlledServer, directory: string): Promise<readonly string[]> {
  const [port = 0, health = 0] = await freePorts(2)
  const endpoint = server.endpointFor(`system:node:${NODE_NAME}`, ['system:nodes'])
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, formatKubeconfig({ name: 'node', endpoint }))
  const config = join(directory, 'kubelet.json')
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: '127.0.0.1',
      port,
      healthzPort: health,
      authentication: { anonymous: { enabled: false }, x509: { clientCAFile: join(server.keys, 'ca.crt') } },
      authorization: { mode: 'Webhook' },
      cgroupDriver: 'cgroupfs',
      // A kubelet ends whatever it does not know under its cgroups: those of another one on this machine among it.
      cgroupsPerQOS: false,
      enforceNodeAllocatable: [],
      clusterDNS: ['10.96.0.10'],
      failSwapOn: false,
      failCgroupV1: false,
      containerRuntimeEndpoint: `unix://${join(directory, 'containerd.sock')}`,
      evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
      imageGCHighThresholdPercent: 100,
      localStorageCapacityIsolation: false,
      shutdownGracePeriod: '0s',
    }),
  )
  return [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE_NAME}`,
    `--root-dir=${join(directory, 'kubelet')}`,
    `--cert-dir=${join(directory, 'certificates')}`,
  ]
}

/** The kubelet leaves its containers running: they are ended before their runtime is. */
async function endContainers(socket: string): Promise<void> {
  const ctr = (...args: string[]) => run('ctr', ['-a', socket, '-n', 'k8s.io', ...args])
  const { stdout } = await ctr('tasks', 'ls', '-q').catch(() => ({ stdout: '' }))
  await Promise.allSettled(stdout.split('\n').map((id) => (id === '' ? undefined : ctr('tasks', 'rm', '-f', id))))
}

function unmountBelow(directory: string): void {
  const mounts = execFileSync('cat', ['/proc/mounts']).toString().split('\n')
  const below = mounts.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${directory}/`))
  for (const path of below.reverse()) spawnSync('umount', ['-l', path])
}
