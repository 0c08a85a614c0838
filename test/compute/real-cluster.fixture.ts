import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Pod } from '../../src/api/generated/core-v1.ts'
import { configMaps, jobs, pods, secrets } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { createHttpClient } from '../../src/client/http.ts'
import type { HttpClient } from '../../src/client/http.ts'
import { ARRAY_HASH } from '../../src/compute/array-job/job-object.ts'
import { runs } from '../../src/compute/run/run.ts'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { until } from '../../src/testing/index.ts'
import { startNode, whyNoNode } from '../reference/start-node.ts'
import type { ReferenceNode } from '../reference/start-node.ts'
import { startReference, whyNoControllers, whyNoReference } from '../reference/start-reference.ts'
import type { Reference } from '../reference/start-reference.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))
export const namespace = 'default'

/**
 * Why no real cluster can be had here, undefined where it can. These tests take minutes: `npm run verify` runs them, for which it
 * sets the variable.
 */
export function whyNoRealCluster(): string | undefined {
  const lane = process.env['SHOAL_REAL_CLUSTER'] === undefined ? 'takes minutes: npm run verify' : undefined
  return lane ?? whyNoNode() ?? whyNoReference() ?? whyNoControllers()
}

/** A real Kubernetes with one real node, and a driver's network from which nothing but its API server is within reach. */
export interface RealCluster extends AsyncDisposable {
  readonly client: HttpClient
  readonly reference: Reference
  readonly node: ReferenceNode
  /** Of this cluster's own. */
  readonly directory: string
  readonly way: Way
  /** Runs `bin/shoal` as a user would, from that network. */
  shoal(...args: readonly string[]): ShoalProcess
  /** Writes a program; answers its path. */
  program(name: string, text: string): string
  /** Kills the process of the one pod of a component, or of the one that is named. */
  kill(component: Component, pod?: string): Promise<void>
  /** Ends the programs and runs that a test has left which failed: the next one is not to meet them. */
  clear(): Promise<void>
  /** Names of all worker pods, whether they run or not. */
  workers(): Promise<readonly string[]>
  /** The pods of a component that run. */
  pods(component: Component): Promise<readonly Pod[]>
  /** How many pods of a component run. */
  running(component: Component): () => Promise<number>
  /** Resolves when nothing is left of what was made for a run whose name begins so. */
  gone(run: string): Promise<void>
}

export type ShoalProcess = Promise<Said> & {
  /** So far. */
  readonly said: Said
  readonly kill: () => void
}

export type Component = 'driver' | 'worker' | 'coordinator'

export interface Said {
  readonly stdout: string
  readonly stderr: string
}

const PORT = 6443
const GONE_MS = 60_000

export async function startRealCluster(): Promise<RealCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-real-'))
  const reference = await startReference({ controllers: true })
  const client = createHttpClient(reference.admin)
  const node = await startNode(reference.server, client)
  const way = await openWay(join(directory, 'api.sock'), Number(new URL(reference.admin.server).port))
  const kubeconfig = join(directory, 'kubeconfig')
  const endpoint = { ...reference.admin, server: `https://127.0.0.1:${PORT}` }
  writeFileSync(kubeconfig, formatKubeconfig({ name: 'real', endpoint }))
  const all: ShoalProcess[] = []
  const running = async (component: Component) => {
    const { items } = await client.list(pods, { namespace, labelSelector: `shoal.dev/component=${component}` })
    return items.filter(({ status }) => status?.phase === 'Running')
  }
  const isOfRun = (run: string) => (object: KubeObject) => object.metadata.name?.startsWith(run) === true
  const gone = async (run: string) => {
    for (const type of [jobs, configMaps, secrets, pods])
      await until<KubeObject>(client, type, (all) => !all.some(isOfRun(run)), { namespace, deadlineMs: GONE_MS })
  }
  return {
    client,
    reference,
    node,
    directory,
    way,
    shoal(...args) {
      const running = runShoal(way.path, kubeconfig, directory, args)
      all.push(running)
      return running
    },
    program(name, text) {
      writeFileSync(join(directory, name), text)
      return join(directory, name)
    },
    async workers() {
      const { items } = await client.list(pods, { namespace, labelSelector: 'shoal.dev/component=worker' })
      return items.map(({ metadata }) => metadata.name ?? '')
    },
    pods: running,
    kill: (component, pod) => killed(() => running(component), pod, node),
    async clear() {
      for (const process of all.splice(0)) process.kill()
      const left = (await client.list(jobs, { namespace })).items
      if (left.length === 0) return
      for (const { metadata } of (await client.list(runs, { namespace })).items)
        await client.delete(runs, { namespace, name: metadata.name ?? '' })
      // An array job is nobody's but its user's: it stays when its program has ended.
      for (const { metadata } of left.filter(
        ({ metadata: { annotations } }) => annotations?.[ARRAY_HASH] !== undefined,
      ))
        await client.delete(jobs, { namespace, name: metadata.name ?? '' }, { propagationPolicy: 'Background' })
      for (const { metadata } of left) await gone(metadata.name ?? '')
    },
    running: (component) => async () => (await running(component)).length,
    gone,
    async [Symbol.asyncDispose]() {
      for (const running of all) running.kill()
      way.close()
      client.close()
      await node[Symbol.asyncDispose]()
      await reference[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function runShoal(socket: string, kubeconfig: string, directory: string, args: readonly string[]): ShoalProcess {
  const inside = [process.execPath, join(root, 'test/compute/reach.mjs'), String(PORT), socket, join(root, 'bin/shoal')]
  const command = ['ip link set lo up && exec "$@"', 'sh', ...inside, ...args]
  // A group of its own, so that all of it can be killed at once.
  const child = spawn('unshare', ['--net', '--', 'sh', '-c', ...command], {
    cwd: root,
    env: { ...process.env, KUBECONFIG: kubeconfig, XDG_STATE_HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text: Buffer) => (said.stdout += String(text)))
  child.stderr.on('data', (text: Buffer) => (said.stderr += String(text)))
  const ended = once(child, 'close').then(([code]) => {
    if (code === 0) return said
    const last = [said.stderr, said.stdout].map((text) => text.slice(-2_000)).join('\n')
    throw Object.assign(new Error(`shoal ended with ${code}: ${last}`), {
      code: code as number | null,
      ...said,
    })
  })
  // It may fail before anybody waits for it.
  ended.catch(() => {})
  return Object.assign(ended, { said, kill: () => void endGroup(child.pid) })
}

/**
 * Kills the process of a pod. What the API says of a pod comes after what happens in it: a program may have spoken
 * whose pod is not said to run, or is said to run the container before.
 */
async function killed(
  running: () => Promise<readonly Pod[]>,
  name: string | undefined,
  node: ReferenceNode,
): Promise<void> {
  const kill = async () => {
    const pod = (await running()).find(({ metadata }) => name === undefined || metadata.name === name)
    if (pod === undefined) throw new Error(`${name ?? 'no pod'} is not said to run`)
    await node.kill(pod)
    return ''
  }
  await expect.poll(() => kill().catch(String), { timeout: GONE_MS }).toBe('')
}

/** All that is left of a process and what it has started. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The only way from the driver's network to the API server: a Unix socket, which can be cut. */
export interface Way {
  readonly path: string
  cut(): Promise<void>
  restore(): Promise<void>
  close(): void
}

async function openWay(path: string, port: number): Promise<Way> {
  const sockets = new Set<Socket>()
  const take = (socket: Socket) => {
    const onward = connect(port, '127.0.0.1')
    for (const each of [socket, onward]) {
      sockets.add(each)
      each.on('error', () => {})
      each.once('close', () => {
        sockets.delete(each)
        socket.destroy()
        onward.destroy()
      })
    }
    socket.pipe(onward).pipe(socket)
  }
  const listen = async (): Promise<Server> => {
    const server = createServer(take).listen(path)
    await once(server, 'listening')
    return server
  }
  let server = await listen()
  return {
    path,
    async cut() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
    async restore() {
      server = await listen()
    },
    close: () => void server.close(),
  }
}

/** Resolves when `look` answers `count`. */
export const reaches = (look: () => Promise<number>, count: number) =>
  expect.poll(() => look().catch(() => -1), { timeout: 60_000 }).toBe(count)
