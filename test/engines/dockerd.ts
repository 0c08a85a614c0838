import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { archiveOf } from '../images/images.ts'
import { program } from '../images/root.ts'
import { runContainerd } from './containerd.ts'
import type { Engine } from './engine.ts'
import { devicesOf, end, namespacesIn, output, quietly, shimsOf, unmountBelow } from './engine-process.ts'

const INSTALL = 'sudo apt-get install docker.io iptables busybox-static'

/** Why there can be none here, with the command that helps; undefined where there can be. */
export function dockerdMissing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'dockerd is started as root, on Linux only'
  const lacks = ['dockerd', 'containerd', 'runc', 'busybox'].filter((name) => program(name) === undefined)
  return lacks.length === 0 ? undefined : `no ${lacks.join(', ')}: ${INSTALL}`
}

export async function startDockerd(): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-dckr-'))
  const socket = join(directory, 'd.sock')
  // Pods of several test runs at once must not meet.
  const bridge = `shoald${randomInt(10_000)}`
  const gateway = `10.${randomInt(128, 192)}.${randomInt(256)}.1/24`
  // With an address of its own, as Docker gives its `docker0`: otherwise a bridge has the lowest of those plugged into it, and
  // what pods send to it is lost for as long as they remember that of a pod which has gone.
  const hardware = `02:42:${Array.from({ length: 4 }, () => randomInt(16, 256).toString(16)).join(':')}`
  quietly('ip', 'link', 'add', 'name', bridge, 'address', hardware, 'type', 'bridge')
  quietly('ip', 'address', 'add', gateway, 'dev', bridge)
  quietly('ip', 'link', 'set', bridge, 'up')
  // Debian's, too, is served by a containerd that stays when it goes.
  const containerd = await startOwnContainerd(directory)
  let running = await start(directory, socket, bridge)
  const ask = (path: string, ...args: readonly string[]) =>
    execFileSync('curl', ['-sSf', '--unix-socket', socket, ...args, `http://docker/${path}`], { encoding: 'utf8' })
  return {
    endpoint: `unix://${socket}`,
    directory,
    bridge,
    load(...images) {
      const type = ['-H', 'Content-Type: application/x-tar']
      for (const image of images) ask('images/load?quiet=1', '-X', 'POST', ...type, '-T', archiveOf(image))
    },
    async push(image, as) {
      const [, repository = '', tag = ''] = /^(.*):([^:]*)$/.exec(as) ?? []
      ask(`images/${image}/tag?repo=${encodeURIComponent(repository)}&tag=${tag}`, '-X', 'POST')
      const url = `http://docker/images/${repository}/push?tag=${tag}`
      const login = ['-H', 'X-Registry-Auth: e30=']
      const said = await output('curl', '-sSf', '--unix-socket', socket, '-X', 'POST', ...login, url)
      if (said.includes('"error"')) throw new Error(said)
      ask(`images/${as}`, '-X', 'DELETE')
    },
    forget: (image) => void ask(`images/${image}`, '-X', 'DELETE'),
    containersOf(uid) {
      const filters = encodeURIComponent(JSON.stringify({ label: [`io.kubernetes.pod.uid=${uid}`] }))
      const found = JSON.parse(ask(`containers/json?filters=${filters}`)) as readonly { readonly Id: string }[]
      return found.map(({ Id }) => Id)
    },
    killContainer: (id) => void ask(`containers/${id}/kill`, '-X', 'POST'),
    leftovers() {
      const containers = JSON.parse(ask('containers/json?all=1')) as readonly { readonly Names: readonly string[] }[]
      const left = containers.map(({ Names }) => `container ${Names.join(' ')}`)
      return [...left, ...namespacesIn(join(directory, 'exec/netns')), ...devicesOf(bridge), ...shimsOf(directory)]
    },
    async restart() {
      await end(running, 'SIGKILL')
      running = await start(directory, socket, bridge)
    },
    async [Symbol.asyncDispose]() {
      await end(running, 'SIGTERM')
      await end(containerd, 'SIGTERM')
      unmountBelow(directory)
      rmSync(directory, { recursive: true, force: true })
      quietly('ip', 'link', 'delete', bridge)
    },
  }
}

async function startOwnContainerd(directory: string): Promise<ChildProcess> {
  const socket = join(directory, 'c.sock')
  const folders = `root = "${directory}/c-root"\nstate = "${directory}/c-state"`
  const disabled = 'disabled_plugins = ["io.containerd.grpc.v1.cri"]'
  writeFileSync(
    join(directory, 'config.toml'),
    `version = 2\n${folders}\n${disabled}\n[grpc]\n  address = "${socket}"\n`,
  )
  return await runContainerd(directory, socket)
}

async function start(directory: string, socket: string, bridge: string): Promise<ChildProcess> {
  const log = openSync(join(directory, 'log'), 'a')
  const folders = [`--data-root=${directory}/root`, `--exec-root=${directory}/exec`, `--pidfile=${directory}/pid`]
  const cgroups = ['--exec-opt=native.cgroupdriver=cgroupfs']
  // The machine's packet filter stays as it is.
  const network = [`--bridge=${bridge}`, '--iptables=false', '--ip-masq=false']
  rmSync(join(directory, 'pid'), { force: true })
  const args = [
    `--host=unix://${socket}`,
    `--containerd=${directory}/c.sock`,
    ...folders,
    ...cgroups,
    ...network,
    '--live-restore',
  ]
  const child = spawn(program('dockerd') ?? 'dockerd', args, { stdio: ['ignore', log, log] })
  for (;;) {
    if (child.exitCode !== null) throw new Error(`dockerd ended: ${readFileSync(join(directory, 'log'), 'utf8')}`)
    if (existsSync(socket) && quietly('curl', '-sf', '--unix-socket', socket, 'http://docker/_ping')) return child
    await sleep(50)
  }
}
