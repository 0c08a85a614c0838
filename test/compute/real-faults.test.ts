import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { configMaps, pods, secrets } from '../../src/api/generated/resources.ts'
import { runs } from '../../src/compute/run/run.ts'
import { NODE } from '../images/images.ts'
import type { TestImage } from '../images/images.ts'
import { addBusybox, addProgram } from '../images/root.ts'
import { namespace, reaches, startRealCluster, whyNoRealCluster } from './real-cluster.fixture.ts'
import type { RealCluster } from './real-cluster.fixture.ts'

const missing = whyNoRealCluster()
let cluster: RealCluster
const onCluster = ['run', '--context', 'real', '--workers', '1', '--threads', '1'] as const

beforeAll(async () => {
  if (missing === undefined) cluster = await startRealCluster()
}, 240_000)
afterEach(() => cluster?.clear(), 120_000)
afterAll(() => cluster?.[Symbol.asyncDispose](), 60_000)

const real = test.skipIf(missing !== undefined)
const title = (claim: string) => (missing === undefined ? claim : `${claim} (${missing})`)

/** Squares of `count` numbers, one after the other, each of which takes `pauseMs`; tells when each was made. */
const slowSquares = (count: number, pauseMs: number) => `import { connect } from 'shoal'
await using shoal = await connect()
const pause = ${pauseMs}
const done = await shoal.map(
  Array.from({ length: ${count} }, (_, index) => index),
  async (n) => {
    await new Promise((resolve) => setTimeout(resolve, pause))
    return { square: n * n, atMs: Date.now(), pid: process.pid }
  },
  { chunkSize: 1 },
)
console.log(JSON.stringify(done))
`

interface Made {
  readonly square: number
  readonly atMs: number
}

const squares = (count: number) => Array.from({ length: count }, (_, n) => n * n)
const madeOf = (stdout: string) => JSON.parse(stdout) as readonly Made[]

/** Resolves when the program has results. */
async function begun(program: string, tasks = 1): Promise<void> {
  const tasksOf = async () => {
    const { items } = await cluster.client.list(runs, { namespace })
    return items.filter(({ spec }) => spec.program === program).map(({ status }) => status?.tasks ?? 0)
  }
  await expect
    .poll(() => tasksOf().catch(() => []), { timeout: 60_000 })
    .toSatisfy((all: readonly number[]) => all.some((count) => count >= tasks))
}

real(
  title('a driver that is cut off for a minute finds its result, and nothing is left of the run'),
  async () => {
    const program = cluster.program('cut.ts', slowSquares(16, 4_000))
    const running = cluster.shoal(...onCluster, program)
    await begun(program)
    await cluster.way.cut()
    const cutMs = Date.now()
    await sleep(60_000)
    const restoredMs = Date.now()
    await cluster.way.restore()
    const { stdout, stderr } = await running
    const done = madeOf(stdout)
    expect(done.map(({ square }) => square)).toEqual(squares(16))
    // One thread (a small machine has no room for another), four seconds for each: the queue went on without its driver.
    expect(done.filter(({ atMs }) => atMs > cutMs && atMs < restoredMs).length).toBeGreaterThan(10)
    expect(stderr).toMatch(/cut off, work goes on meanwhile: the link to the coordinator has been cut for \d+ s/)
    await cluster.gone('run-')
    const run = (await cluster.client.list(runs, { namespace })).items.find(({ spec }) => spec.program === program)
    expect(run?.status?.phase).toBe('Succeeded')
    const left = await Promise.all([secrets, configMaps].map((type) => cluster.client.list(type, { namespace })))
    expect(left.flatMap(({ items }) => items.map(({ metadata }) => metadata.name))).toEqual(['kube-root-ca.crt'])
  },
  300_000,
)

real(
  title('an API server that hangs for half a minute costs the run nothing but time'),
  async () => {
    const program = cluster.program('frozen.ts', slowSquares(14, 3_000))
    const running = cluster.shoal(...onCluster, program)
    await begun(program)
    const thaw = cluster.reference.freeze()
    const frozenMs = Date.now()
    await sleep(30_000)
    const thawedMs = Date.now()
    thaw()
    const done = madeOf((await running).stdout)
    expect(done.map(({ square }) => square)).toEqual(squares(14))
    expect(done.filter(({ atMs }) => atMs > frozenMs && atMs < thawedMs).length).toBeGreaterThan(5)
    await cluster.gone('run-')
  },
  180_000,
)

real(
  title("a coordinator whose process is killed is started again in its pod, and the run's results are all there"),
  async () => {
    const program = cluster.program('coordinator.ts', slowSquares(12, 1_000))
    const running = cluster.shoal(...onCluster, program)
    await begun(program, 3)
    await cluster.kill('coordinator')
    expect(madeOf((await running).stdout).map(({ square }) => square)).toEqual(squares(12))
    await cluster.gone('run-')
  },
  180_000,
)

real(
  title('a run whose coordinator has gone for good says so'),
  async () => {
    const program = cluster.program('gone.ts', slowSquares(60, 1_000))
    const running = cluster.shoal(...onCluster, program).catch((error: unknown) => error)
    await begun(program)
    const labelSelector = 'shoal.dev/component=coordinator'
    await cluster.client.deleteCollection(pods, { namespace, labelSelector, gracePeriodSeconds: 0 })
    expect(await running).toMatchObject({ code: 1, stderr: expect.stringContaining('SHOAL_NO_COORDINATOR') })
    await cluster.gone('run-')
  },
  180_000,
)

real(
  title('a driver that is killed goes on under its name where it was, and leaves nothing of its first life'),
  async () => {
    const program = cluster.program('again.ts', slowSquares(12, 1_000))
    const first = cluster.shoal(...onCluster, '--name', 'again', program)
    await begun(program, 4)
    first.kill()
    await first.catch(() => {})
    const restartedMs = Date.now()
    const done = madeOf((await cluster.shoal(...onCluster, '--name', 'again', program)).stdout)
    expect(done.map(({ square }) => square)).toEqual(squares(12))
    expect(done.filter(({ atMs }) => atMs < restartedMs).length).toBeGreaterThanOrEqual(4)
    await cluster.gone('again')
  },
  180_000,
)

real(
  title('workers that are killed again and again are made up for by others while Kubernetes holds their pods back'),
  async () => {
    const program = cluster.program(
      'killed.ts',
      `import { connect } from 'shoal'
await using shoal = await connect({ workers: { cpu: '300m' } })
const done = []
for (let n = 0; n < 4; n++) {
  const [made] = await shoal.map([n], async (item) => {
    const fs = await import('node:fs')
    const seen = '/scratch/' + item
    // Each item waits once in each pod for the end of it.
    if (!fs.existsSync(seen)) {
      fs.writeFileSync(seen, '')
      process.stderr.write('waits ' + item + '\\n')
      await new Promise(() => {})
    }
    return { n: item }
  })
  done.push(made)
}
console.log(JSON.stringify(done))
`,
    )
    const running = cluster.shoal(...onCluster, program)
    const waiting = () => Array.from(running.said.stderr.matchAll(/ (\S+)\/\d+\] waits /g), ([, pod]) => pod!)
    const seen = new Set<string>()
    const over = () => Promise.race([running.then(() => true), sleep(200, false)])
    for (let kills = 0, isOver = false; !isOver; isOver = await over()) {
      for (const name of await cluster.workers()) seen.add(name)
      for (; kills < waiting().length; kills++) await cluster.kill('worker', waiting()[kills])
    }
    const done = JSON.parse((await running).stdout) as readonly { readonly n: number }[]
    expect(done.map(({ n }) => n)).toEqual([0, 1, 2, 3])
    expect(seen.size).toBeGreaterThan(1)
    await cluster.gone('run-')
  },
  240_000,
)

/** Another Node of this machine, as an image of its own. */
const otherNode = ['/usr/bin/node', '/usr/local/bin/node'].find(
  (path) =>
    existsSync(path) &&
    !spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.startsWith(process.version.split('.')[0]!),
)
const OTHER: TestImage = {
  names: ['docker.io/library/node:other'],
  config: { Cmd: ['node'] },
  missing: () => NODE.missing(),
  fill(root) {
    addBusybox(root)
    addProgram(root, otherNode ?? '', 'usr/local/bin/node')
  },
}

test.skipIf(missing !== undefined || otherNode === undefined)(
  title('an image with another Node is refused at once, in words'),
  async () => {
    await cluster.node.load(OTHER)
    const failed = cluster.shoal(...onCluster, '--image', 'docker.io/library/node:other', 'examples/map/main.ts')
    expect(await failed.catch((error: unknown) => error)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Cannot run on Node v\d+.*expected \d+, as the driver has[^]*SHOAL_NODE_VERSION/),
    })
    await cluster.gone('run-')
    await reaches(cluster.running('coordinator'), 0)
  },
  120_000,
)
