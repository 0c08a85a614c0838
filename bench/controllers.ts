import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttpClient } from '../src/client/http.ts'
import { createCluster } from '../src/cluster/cluster.ts'
import { startNodes } from '../src/cluster/nodes.ts'
import { systemEnvironment } from '../src/env/system.ts'
import { startReference, whyNoControllers } from '../test/reference/start-reference.ts'
import { workloads } from './controllers/workloads.ts'
import type { Sizes } from './controllers/workloads.ts'
import { figure } from './figures.ts'

const env = systemEnvironment('error')
const NODES = 1000
const SIZES: Sizes = { nodes: NODES, pods: 5000, jobs: 1000, objects: 10_000 }

/**
 * How long whole workloads take, on a durable store with simulated nodes; and where `SHOAL_REFERENCE` says where Kubernetes'
 * own programs are, on those with our nodes, which takes several minutes more.
 */
export async function run(print: (line: string) => void): Promise<void> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'shoal-bench-'))
  // Nothing else keeps the process up while a controller waits for its next try.
  const awake = setInterval(() => {}, 1000)
  try {
    const started = performance.now()
    {
      await using cluster = await createCluster({ env, dataDirectory, nodes: NODES, runtime: 'simulated' })
      await cluster.ready
      print(
        figure(`${NODES} simulated nodes: from the start to all of them ready`, [performance.now() - started], 'ms'),
      )
      await workloads(cluster.client, { ...SIZES, against: { target: 5000, kubernetes: '67,000 ms' } }, print)
    }
    await reference(print)
  } finally {
    clearInterval(awake)
    rmSync(dataDirectory, { recursive: true, force: true })
  }
}

/** The same on Kubernetes' API server, controllers and scheduler, with etcd that flushes and without limits on their requests. */
async function reference(print: (line: string) => void): Promise<void> {
  const missing = process.env['SHOAL_REFERENCE'] === undefined ? 'SHOAL_REFERENCE is not set' : whyNoControllers()
  if (missing !== undefined) return print(`Kubernetes' own control plane at the same: not measured, ${missing}`)
  await using control = await startReference({ controllers: true, measured: true })
  using client = createHttpClient(control.admin)
  const nodes = startNodes({ env, clientFor: () => client, count: NODES, runtime: 'simulated' })
  try {
    await nodes.ready
    print("Kubernetes' own control plane, with our simulated nodes:")
    await workloads(client, SIZES, print)
  } finally {
    await nodes.close()
  }
}
