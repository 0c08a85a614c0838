import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMaps, jobs, pods, secrets } from '../../src/api/generated/resources.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { createHttpClient } from '../../src/client/http.ts'
import type { HttpClient } from '../../src/client/http.ts'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { runs } from '../../src/compute/run/run.ts'
import { until } from '../../src/testing/index.ts'
import { startNode, whyNoNode } from '../reference/start-node.ts'
import { startReference, whyNoControllers, whyNoReference } from '../reference/start-reference.ts'
import type { Reference } from '../reference/start-reference.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const missing = whyNoNode() ?? whyNoReference() ?? whyNoControllers()
const run = promisify(execFile)
const directory = mkdtempSync(join(tmpdir(), 'shoal-real-'))
const namespace = 'default'
let reference: Reference
let node: AsyncDisposable
let client: HttpClient
let way: Awaited<ReturnType<typeof openWay>>

/** The only way from the driver's network to the API server: a Unix socket, which can be cut. */
async function openWay(port: number) {
  const sockets = new Set<Socket>()
  const path = join(directory, 'api.sock')
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
    close: () => server.close(),
  }
}

/** Runs `bin/shoal` as a user would, from a network that has nothing in it but the way to the API server. */
function shoal(...args: readonly string[]) {
  const port = 6443
  const endpoint = { ...reference.admin, server: `https://127.0.0.1:${port}` }
  const kubeconfig = join(directory, 'kubeconfig')
  writeFileSync(kubeconfig, formatKubeconfig({ name: 'real', endpoint }))
  const inside = [
    process.execPath,
    join(root, 'test/compute/reach.mjs'),
    String(port),
    way.path,
    join(root, 'bin/shoal'),
  ]
  const command = ['ip link set lo up && exec "$@"', 'sh', ...inside, ...args]
  return run('unshare', ['--net', '--', 'sh', '-c', ...command], {
    cwd: root,
    env: { ...process.env, KUBECONFIG: kubeconfig },
    maxBuffer: 1 << 26,
  })
}

const onCluster = ['run', '--context', 'real', '--workers', '1', '--threads', '1'] as const

beforeAll(async () => {
  if (missing !== undefined) return
  reference = await startReference({ controllers: true })
  client = createHttpClient(reference.admin)
  node = await startNode(reference.server, client)
  way = await openWay(Number(new URL(reference.admin.server).port))
}, 240_000)

afterAll(async () => {
  way?.close()
  client?.close()
  await node?.[Symbol.asyncDispose]()
  await reference?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

/** Resolves when nothing is left of what was made for a run. */
async function gone(run: string): Promise<void> {
  const isOfRun = ({ metadata }: KubeObject) => metadata.name?.startsWith(run) === true
  for (const type of [jobs, configMaps, secrets])
    await until<KubeObject>(client, type, (all) => !all.some(isOfRun), { namespace, deadlineMs: 60_000 })
}

const real = test.skipIf(missing !== undefined)
const title = (claim: string) => (missing === undefined ? claim : `${claim} (${missing})`)

real(
  title('an example runs unchanged on a real cluster, from where only its API server is within reach'),
  async () => {
    for (const name of ['map', 'as-completed']) {
      const { stdout } = await shoal(...onCluster, '--quiet', `examples/${name}/main.ts`)
      expect(stdout).toBe(readFileSync(join(root, `examples/${name}/expected.txt`), 'utf8'))
    }
  },
  120_000,
)

real(
  title("the driver's files are counted by workers that do not see them"),
  async () => {
    const here = await run(join(root, 'bin/shoal'), ['run', '--quiet', 'examples/word-count/main.ts', 'docs/*.md'], {
      cwd: root,
    })
    const there = await shoal(...onCluster, '--quiet', 'examples/word-count/main.ts', 'docs/*.md')
    expect(there.stdout).toBe(here.stdout)
  },
  120_000,
)

real(
  title('a submitted program runs in the cluster, and its log and its end are told here'),
  async () => {
    const submitted = await shoal('submit', '--context', 'real', '--name', 'digits', 'examples/map/main.ts')
    expect(submitted.stdout).toBe('digits\n')
    const { stdout } = await shoal('logs', '--context', 'real', '--follow', 'digits')
    const expected = readFileSync(join(root, 'examples/map/expected.txt'), 'utf8').trimEnd().split('\n')
    expect(stdout.split('\n').filter((line) => expected.includes(line))).toEqual(expected)
    const failing = join(directory, 'fails.ts')
    writeFileSync(
      failing,
      `import { connect } from 'shoal'
await using shoal = await connect()
await shoal.map([1, 2], (n) => {
  if (n === 2) throw new RangeError('two is too many')
})
`,
    )
    const failed = await shoal('submit', '--context', 'real', '--follow', failing).catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('failed: two is too many') })
    expect(failed).toMatchObject({
      stdout: expect.stringMatching(/RangeError: two is too many\n +at .*fails\.ts:4:22/),
    })
    expect((await client.get(runs, { namespace, name: 'digits' })).status).toMatchObject({
      phase: 'Succeeded',
      tasks: 4,
    })
  },
  120_000,
)

real(
  title('a run that is deleted stops everywhere, and takes all that was made for it along'),
  async () => {
    const program = join(directory, 'endless.ts')
    writeFileSync(
      program,
      `import { connect } from 'shoal'
await using shoal = await connect()
await shoal.map([1], () => new Promise((resolve) => setTimeout(resolve, 600_000)))
`,
    )
    const running = (labelSelector: string) => async () => {
      const { items } = await client.list(pods, { namespace, labelSelector })
      return items.filter(({ status }) => status?.phase === 'Running').length
    }
    const pod = (component: string) => running(`shoal.dev/component=${component}`)
    const end = async (name: string) => {
      await client.delete(runs, { namespace, name })
      await gone(name)
      for (const component of ['driver', 'worker', 'coordinator'])
        await expect.poll(pod(component), { timeout: 60_000 }).toBe(0)
    }
    await shoal('submit', '--context', 'real', '--name', 'endless', program)
    await expect.poll(pod('worker'), { timeout: 60_000 }).toBe(1)
    await end('endless')
    const here = shoal(...onCluster, '--name', 'watched', program).catch((error: unknown) => error)
    await expect.poll(pod('worker'), { timeout: 60_000 }).toBe(1)
    await end('watched')
    expect(await here).toMatchObject({ code: 1, stderr: expect.stringContaining('its run was deleted while it ran') })
  },
  180_000,
)

real(
  title('a driver that is cut off for a minute finds its result, and nothing is left of the run'),
  async () => {
    const program = join(directory, 'slow.ts')
    writeFileSync(
      program,
      `import { connect } from 'shoal'
await using shoal = await connect()
const pause = 4_000
const done = await shoal.map(
  Array.from({ length: 16 }, (_, index) => index),
  async (n) => {
    await new Promise((resolve) => setTimeout(resolve, pause))
    return { square: n * n, atMs: Date.now() }
  },
  { chunkSize: 1 },
)
console.log(JSON.stringify(done))
`,
    )
    const running = shoal(...onCluster, program)
    running.catch(() => {})
    const begun = async () => {
      const { items } = await client.list(runs, { namespace })
      return items.some(({ spec, status }) => spec.program === program && (status?.tasks ?? 0) > 0)
    }
    while (!(await begun().catch(() => false))) await sleep(250)
    await way.cut()
    const cutMs = Date.now()
    await sleep(60_000)
    const restoredMs = Date.now()
    await way.restore()
    const { stdout, stderr } = await running
    const done = JSON.parse(stdout) as readonly { readonly square: number; readonly atMs: number }[]
    expect(done.map(({ square }) => square)).toEqual(Array.from({ length: 16 }, (_, n) => n * n))
    // One thread (a small machine has no room for another), four seconds for each: the queue went on without its driver.
    expect(done.filter(({ atMs }) => atMs > cutMs && atMs < restoredMs).length).toBeGreaterThan(10)
    expect(stderr).toMatch(/cut off, work goes on meanwhile: the link to the coordinator has been cut for \d+ s/)
    const gone = { namespace, deadlineMs: 60_000 }
    await until(client, jobs, (all) => all.length === 0, gone)
    await until(client, pods, (all) => all.length === 0, gone)
    const run = (await client.list(runs, { namespace })).items.find(({ spec }) => spec.program === program)
    expect(run?.status?.phase).toBe('Succeeded')
    const left = [
      ...(await client.list(secrets, { namespace })).items,
      ...(await client.list(configMaps, { namespace })).items,
    ]
    expect(left.map(({ metadata }) => metadata.name)).toEqual(['kube-root-ca.crt'])
  },
  300_000,
)
