import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { configMaps, jobs, pods, secrets } from '../../src/api/generated/resources.ts'
import { runs } from '../../src/compute/run/run.ts'
import { namespace, reaches, root, startRealCluster, whyNoRealCluster } from './real-cluster.fixture.ts'
import type { RealCluster } from './real-cluster.fixture.ts'

const missing = whyNoRealCluster()
let cluster: RealCluster
const onCluster = ['--context', 'real', '--workers', '1', '--threads', '1'] as const

beforeAll(async () => {
  if (missing === undefined) cluster = await startRealCluster()
}, 240_000)
afterEach(() => cluster?.clear(), 120_000)
afterAll(() => cluster?.[Symbol.asyncDispose](), 60_000)

const real = test.skipIf(missing !== undefined)
const title = (claim: string) => (missing === undefined ? claim : `${claim} (${missing})`)

const examples = ['map', 'as-completed', 'array-job', 'pipeline']

real(
  title('examples run unchanged on a real cluster, from where only its API server is within reach'),
  async () => {
    for (const name of examples) {
      const { stdout } = await cluster.shoal('run', ...onCluster, '--quiet', `examples/${name}/main.ts`)
      expect(stdout, name).toBe(readFileSync(join(root, `examples/${name}/expected.txt`), 'utf8'))
    }
  },
  240_000,
)

real(
  title("the driver's files are counted by workers that do not see them"),
  async () => {
    const program = ['examples/word-count/main.ts', 'docs/*.md']
    const here = await promisify(execFile)(join(root, 'bin/shoal'), ['run', '--quiet', ...program], { cwd: root })
    const there = await cluster.shoal('run', ...onCluster, '--quiet', ...program)
    expect(there.stdout).toBe(here.stdout)
  },
  120_000,
)

real(
  title('a shuffle goes from pod to pod, and comes out as it does here'),
  async () => {
    const program = cluster.program(
      'shuffle.ts',
      `import { connect } from 'shoal'
await using shoal = await connect({ workers: { cpu: '300m' } })
const rows = Array.from({ length: 20_000 }, (_, n) => ({ key: (n * 7919) % 300, n, pods: [] }))
const sums = await shoal
  .dataset(rows)
  .map(({ key, n }) => ({ key, n, pods: [process.env['HOSTNAME']] }))
  .keyBy(({ key }) => key)
  .reduceByKey((left, right) => ({ key: left.key, n: left.n + right.n, pods: [...new Set([...left.pods, ...right.pods])] }))
  .collect()
const total = sums.reduce((sum, [, { n }]) => sum + n, 0)
console.log(sums.length, total, new Set(sums.flatMap(([, { pods }]) => pods)).size)
`,
    )
    const options = ['--context', 'real', '--workers', '2', '--threads', '1', '--quiet']
    const { stdout } = await cluster.shoal('run', ...options, program)
    expect(stdout).toBe(`300 ${(20_000 * 19_999) / 2} 2\n`)
  },
  120_000,
)

real(
  title('workers may do nothing but their work, and a secret is known to them alone'),
  async () => {
    const value = 'not to be seen anywhere'
    const metadata = { name: 'service', namespace }
    await cluster.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token: value } })
    const program = cluster.program(
      'facts.ts',
      `import { connect } from 'shoal'
await using shoal = await connect({ workers: { secrets: { TOKEN: { secret: 'service', key: 'token' } } } })
const [facts] = await shoal.map([1], async () => {
  const fs = await import('node:fs')
  const write = (path: string) => {
    try {
      fs.writeFileSync(path, '')
      return 'written'
    } catch (error) {
      return (error as NodeJS.ErrnoException).code
    }
  }
  const status = fs.readFileSync('/proc/self/status', 'utf8')
  return {
    user: process.getuid?.(),
    secretLength: process.env['TOKEN']?.length,
    runToken: process.env['SHOAL_TOKEN'],
    account: fs.existsSync('/var/run/secrets/kubernetes.io/serviceaccount'),
    root: write('/file'),
    program: write('/worker/worker.mjs'),
    scratch: write('/scratch/file'),
    capabilities: /CapEff:\\s*(\\S+)/.exec(status)?.[1],
    noNewPrivileges: /NoNewPrivs:\\s*(\\S+)/.exec(status)?.[1],
    seccomp: /Seccomp:\\s*(\\S+)/.exec(status)?.[1],
  }
})
await new Promise((resolve) => setTimeout(resolve, 8_000))
console.log(JSON.stringify(facts))
`,
    )
    const running = cluster.shoal('run', ...onCluster, program)
    await reaches(cluster.running('worker'), 1)
    const made = [jobs, pods, configMaps, runs].map((type) => cluster.client.list(type, { namespace }))
    const objects = JSON.stringify(await Promise.all(made))
    const { stdout, stderr } = await running
    expect(JSON.parse(stdout)).toEqual({
      user: 1000,
      secretLength: value.length,
      account: false,
      root: 'EROFS',
      program: 'EROFS',
      scratch: 'written',
      capabilities: '0000000000000000',
      noNewPrivileges: '1',
      seccomp: '2',
    })
    for (const text of [objects, stderr]) {
      expect(text).not.toContain(value)
      expect(text).not.toContain(Buffer.from(value).toString('base64'))
    }
  },
  120_000,
)

real(
  title('a submitted program runs in the cluster, and its log and its end are told here'),
  async () => {
    const { client, shoal } = cluster
    const submitted = await shoal('submit', '--context', 'real', '--name', 'digits', 'examples/map/main.ts')
    expect(submitted.stdout).toBe('digits\n')
    const { stdout } = await shoal('logs', '--context', 'real', '--follow', 'digits')
    const expected = readFileSync(join(root, 'examples/map/expected.txt'), 'utf8').trimEnd().split('\n')
    expect(stdout.split('\n').filter((line) => expected.includes(line))).toEqual(expected)
    const failing = cluster.program(
      'fails.ts',
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
    const over = (await client.list(runs, { namespace })).items.filter(({ spec }) => spec.driver !== undefined)
    const digits = over.find(({ metadata }) => metadata.name === 'digits')
    expect(digits?.status).toMatchObject({ phase: 'Succeeded', tasks: 4 })
    for (const { metadata } of over) await client.delete(runs, { namespace, name: metadata.name ?? '' })
    for (const { metadata } of over) await cluster.gone(metadata.name ?? '')
  },
  120_000,
)

real(
  title('a run that is deleted stops everywhere, and takes all that was made for it along'),
  async () => {
    const program = cluster.program(
      'endless.ts',
      `import { connect } from 'shoal'
await using shoal = await connect()
await shoal.map([1], () => new Promise((resolve) => setTimeout(resolve, 600_000)))
`,
    )
    const end = async (name: string) => {
      await cluster.client.delete(runs, { namespace, name })
      await cluster.gone(name)
    }
    await cluster.shoal('submit', '--context', 'real', '--name', 'endless', program)
    await reaches(cluster.running('worker'), 1)
    await end('endless')
    const here = cluster.shoal('run', ...onCluster, '--name', 'watched', program).catch((error: unknown) => error)
    await reaches(cluster.running('worker'), 1)
    await end('watched')
    expect(await here).toMatchObject({ code: 1, stderr: expect.stringContaining('its run was deleted while it ran') })
  },
  180_000,
)
