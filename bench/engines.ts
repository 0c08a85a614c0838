import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Docker from 'dockerode'
import { pods } from '../src/api/generated/resources.ts'
import type { Client } from '../src/client/client.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { openCriRuntime } from '../src/runtime/cri/cri-runtime.ts'
import { containerdMissing, startContainerd } from '../test/engines/containerd.ts'
import { dockerdMissing, startDockerd } from '../test/engines/dockerd.ts'
import type { Engine } from '../test/engines/engine.ts'
import { NODE } from '../test/images/images.ts'
import { figure } from './figures.ts'
import { containerSpec, IMAGE, job, running, sandboxSpec, SH } from './pods.ts'

const env = systemEnvironment('error')
const namespace = 'default'
const ROUNDS = 20
const MANY = 50
/** What the agent, the API and the scheduler may add to the engine's own start, in milliseconds. */
const OVERHEAD_TARGET_MS = 200

/** How soon pods run on container engines, beside what the engine takes by itself, in turns on one machine. */
export async function run(print: (line: string) => void): Promise<void> {
  await onEngine('cri', containerdMissing(), startContainerd, bareCri, print)
  await onEngine('docker', dockerdMissing(), startDockerd, bareDocker, print)
}

/** Starts a container by the engine alone; resolves to the milliseconds until it runs, and cleans up. */
type Bare = (round: number) => Promise<number>

async function onEngine(
  runtime: 'cri' | 'docker',
  missing: string | undefined,
  start: () => Promise<Engine>,
  openBare: (engine: Engine) => Promise<{ readonly bare: Bare; close(): Promise<void> }>,
  print: (line: string) => void,
): Promise<void> {
  if (missing !== undefined) return print(`${runtime}: ${missing}`)
  await using engine = await start()
  engine.load(NODE)
  const { bare, close } = await openBare(engine)
  await using cluster = await createCluster({ env, runtime, engineEndpoint: engine.endpoint })
  await cluster.ready
  const { client } = cluster
  await job(client, 'warm-up', SH)
  const alone: number[] = []
  const ready: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    alone.push(await bare(i))
    ready.push(await podReady(client, `pod-${i}`))
  }
  const what = runtime === 'cri' ? 'sandbox and container by CRI calls alone' : 'docker run alone, without a sandbox'
  print(figure(`${runtime}: ${what}`, alone, 'ms'))
  print(figure('  a pod: from its creation to Ready', ready, 'ms', { kubernetes: '1,000 ms' }))
  print(figure(`  99th percentile of ${ROUNDS}`, [ready.toSorted((a, b) => a - b)[ROUNDS - 1] ?? 0], 'ms'))
  const overhead = ready.map((ms, i) => ms - (alone[i] ?? 0))
  print(figure('  what ours adds', overhead, 'ms', { target: OVERHEAD_TARGET_MS }))
  const jobs = []
  for (let i = 0; i < 3; i++) jobs.push(await job(client, `ten-${i}`, SH))
  print(
    figure('  an Indexed Job of ten pods of sh, to Complete', jobs, 'ms', { target: 4_000, kubernetes: '5,200 ms' }),
  )
  const at = performance.now()
  await Promise.all(Array.from({ length: MANY }, (_, i) => running(client, `many-${i}`, () => 0)))
  print(figure(`  ${MANY} pods at once, until all are Ready`, [performance.now() - at], 'ms'))
  await close()
}

async function podReady(client: Client, name: string): Promise<number> {
  const started = performance.now()
  const took = await running(client, name, () => performance.now() - started)
  await client.delete(pods, { namespace, name }, { gracePeriodSeconds: 0 })
  return took
}

async function bareCri({ endpoint }: Engine) {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  const runtime = await openCriRuntime({ environment: env, endpoint, directory, owner: `bench-${process.pid}` })
  const bare: Bare = async (round) => {
    const started = performance.now()
    const { id } = await runtime.startSandbox(sandboxSpec(`bare-${round}`))
    const container = await runtime.createContainer(id, containerSpec(['sleep', '600']))
    await runtime.startContainer(container)
    const took = performance.now() - started
    await runtime.stopSandbox(id)
    await runtime.removeSandbox(id)
    return took
  }
  const close = async () => {
    await runtime.close()
    rmSync(directory, { recursive: true })
  }
  return { bare, close }
}

async function bareDocker({ endpoint }: Engine) {
  const docker = new Docker({ socketPath: endpoint.slice('unix://'.length) })
  const bare: Bare = async () => {
    const started = performance.now()
    const container = await docker.createContainer({ Image: IMAGE, Cmd: ['sleep', '600'] })
    await container.start()
    const took = performance.now() - started
    await container.remove({ force: true })
    return took
  }
  return { bare, close: async () => {} }
}
