import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { interrupt, start } from '../program.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

export interface TcpProxy extends AsyncDisposable {
  readonly name: string
  readonly place: Place
}

const HOST = '127.0.0.1'
const MOST_CONNECTIONS = 4_000
const START_MS = 10_000

/** Proxies in C that carry connections as the userland balancer does, from Debian's packages of their names, on one thread. */
const PEERS = [
  {
    name: 'haproxy',
    program: '/usr/sbin/haproxy',
    needs: '/usr/sbin/haproxy',
    options: ['-db', '-q', '-f'],
    config: (from: Place, to: Place, _directory: string) => `global
  nbthread 1
  maxconn ${MOST_CONNECTIONS}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen all
  bind ${from.host}:${from.port}
  server one ${to.host}:${to.port}
`,
  },
  {
    name: 'nginx',
    program: '/usr/sbin/nginx',
    needs: '/usr/lib/nginx/modules/ngx_stream_module.so',
    options: ['-c'],
    config: (from: Place, to: Place, directory: string) => `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
pid ${directory}/pid;
error_log ${directory}/errors;
events { worker_connections ${MOST_CONNECTIONS}; }
stream {
  server {
    listen ${from.host}:${from.port} backlog=1024;
    proxy_pass ${to.host}:${to.port};
    tcp_nodelay on;
  }
}
`,
  },
] as const

/** Starts those that are installed, in front of `to`. */
export async function startTcpProxies(to: Place): Promise<readonly TcpProxy[]> {
  return Promise.all(PEERS.filter(({ needs }) => existsSync(needs)).map((peer) => startOne(peer, to)))
}

async function startOne({ name, program, options, config }: (typeof PEERS)[number], to: Place): Promise<TcpProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const place = { host: HOST, port: await unusedPort() }
  const file = join(directory, 'config')
  writeFileSync(file, config(place, to, directory))
  const child = start([program, ...options, file], { stdio: ['ignore', 'ignore', 'inherit'] })
  const deadline = performance.now() + START_MS
  while (!(await isListening(place))) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`Cannot measure "${name}": nobody listens on ${place.host}:${place.port}, expected it to`)
    await sleep(20)
  }
  return {
    name,
    place,
    async [Symbol.asyncDispose]() {
      await interrupt(child)
      rmSync(directory, { recursive: true })
    },
  }
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function isListening({ host, port }: Place): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
