import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deployments, nodes, pods, replicaSets, serviceAccounts } from '../../src/api/generated/resources.ts'
import type { Deployment } from '../../src/api/generated/apps-v1.ts'
import type { Node, Pod } from '../../src/api/generated/core-v1.ts'
import type { Client } from '../../src/client/client.ts'
import { createHttpClient } from '../../src/client/http.ts'
import { parseKubeconfig } from '../../src/client/kubeconfig.ts'
import type { Endpoint } from '../../src/client/http/connection.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { openClusterIdentity } from '../../src/identity/key-files.ts'
import { readFileSync } from 'node:fs'
import { openUser } from '../cli/shoal.ts'
import type { Started, User } from '../cli/shoal.ts'
import { whyNotBuilt } from './go-programs.ts'
import { startControllers } from './start-reference.ts'
import type { Program } from './program.ts'

const missing = whyNotBuilt('kube-controller-manager', 'kube-scheduler')

const START_MS = 120_000
const PATIENCE_MS = 60_000

/** The other way round: Kubernetes' own control loops, which send Protobuf, work on our API. */
describe.skipIf(missing !== undefined)(`the real kube-controller-manager and kube-scheduler ${missing ?? ''}`, () => {
  let user: User
  let up: Started
  let programs: readonly Program[] = []
  let client: Client

  beforeAll(async () => {
    user = openUser()
    const [data, kubeconfig] = [`${user.directory}/cluster`, `${user.directory}/kubeconfig`]
    up = user.start(['up', '--api-only', '--port=0', `--data-dir=${data}`, `--kubeconfig=${kubeconfig}`])
    await up.says(/ready in/)
    const { endpoint } = await parseKubeconfig(readFileSync(kubeconfig, 'utf8'))
    client = createHttpClient(endpoint)
    const identity = openClusterIdentity(systemEnvironment(), `${data}/keys`)
    // The cluster makes its key for tokens when it first signs one; the manager wants it before.
    expect(identity.serviceAccountKey.keyId).not.toBe('')
    const endpointFor = (name: string, groups: readonly string[]): Endpoint => {
      const { certificate, key } = identity.client(name.replaceAll(':', '-'), name, groups)
      return { ...endpoint, clientCertificate: certificate, clientKey: key }
    }
    // A server without controllers has no default account; the manager makes it once it runs.
    programs = await startControllers({ endpointFor, keys: `${data}/keys` }, user.directory)
    for (const name of ['a', 'b', 'c']) await addNode(client, name)
    await until(async () => (await accounts(client)) > 0)
  }, START_MS)

  afterAll(async () => {
    for (const program of programs.toReversed()) await program[Symbol.asyncDispose]()
    up.process.kill('SIGTERM')
    await up.outcome
    user[Symbol.dispose]()
  })

  test('schedule, scale, roll and collect a Deployment of 50 pods, and log no error of ours', async () => {
    const key = { namespace: 'default', name: 'web' }
    await client.create(deployments, deployment('one'))
    await until(async () => (await scheduled(client)).length === 50)
    expect(new Set((await scheduled(client)).map(({ spec }) => spec?.nodeName)).size).toBe(3)
    await makeReady(client)
    await until(async () => (await client.get(deployments, key)).status?.readyReplicas === 50)
    await client.patch(deployments, key, { type: 'merge', patch: { spec: { replicas: 20 } } })
    await until(async () => (await living(client)).length === 20)
    const template = { spec: { template: { metadata: { labels: { app: 'web', release: 'two' } } } } }
    await client.patch(deployments, key, { type: 'merge', patch: template })
    await until(async () => {
      await makeReady(client)
      const { status } = await client.get(deployments, key)
      return status?.updatedReplicas === 20 && status.readyReplicas === 20 && status.replicas === 20
    })
    await client.delete(deployments, key, { propagationPolicy: 'Background' })
    await until(async () => (await living(client)).length === 0)
    expect((await client.list(replicaSets, { namespace: 'default' })).items).toEqual([])
    expect(programs.flatMap(({ name, log }) => errorsOf(log()).map((line) => `${name}: ${line}`))).toEqual([])
  }, 180_000)
})

/** Lines of level error or worse, of klog (`E1121 ...`), that a real API server would not cause either. */
function errorsOf(log: string): readonly string[] {
  return log.split('\n').filter((line) => /^[EF]\d{4} /.test(line) && !EXPECTED.some((one) => one.test(line)))
}

/** What the manager says beside a real API server too: a set that is deleted or changed while it is looked at. */
const EXPECTED = [/sync .* failed with (replicasets.apps .* not found|.*the object has been modified)/]

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 50) {
    if (await holds()) return
    await sleep(50)
  }
  throw new Error(`It did not come to hold within ${PATIENCE_MS} ms: ${holds.toString()}`)
}

async function accounts(client: Client): Promise<number> {
  const { items } = await client.list(serviceAccounts, { namespace: 'default' })
  return items.filter(({ metadata }) => metadata.name === 'default').length
}

async function addNode(client: Client, name: string): Promise<void> {
  const capacity = { cpu: '64', memory: '64Gi', pods: '200' }
  const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name } }
  await client.create(nodes, node)
  const now = new Date().toISOString().replace(/\.\d+/, '')
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'made by a test' }
  const conditions = [{ ...ready, lastHeartbeatTime: now, lastTransitionTime: now }]
  const status = { capacity, allocatable: capacity, conditions }
  await client.patch(nodes, { name }, { type: 'merge', patch: { status } }, { subresource: 'status' })
}

const living = async (client: Client): Promise<readonly Pod[]> =>
  (await client.list(pods, { namespace: 'default' })).items.filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  )

const scheduled = async (client: Client): Promise<readonly Pod[]> =>
  (await living(client)).filter(({ spec }) => spec?.nodeName !== undefined)

/** Does what node agents would: says that pods run, and lets go of those that are to end. */
async function makeReady(client: Client): Promise<void> {
  const { items } = await client.list(pods, { namespace: 'default' })
  await Promise.all(
    items.map(async ({ metadata, status, spec }) => {
      const key = { namespace: 'default', name: metadata.name ?? '' }
      if (metadata.deletionTimestamp !== undefined) {
        await client.delete(pods, key, { gracePeriodSeconds: 0 }).catch(() => {})
      } else if (status?.phase === 'Pending' && spec?.nodeName !== undefined) {
        const patch = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }
        await client.patch(pods, key, { type: 'strategic', patch }, { subresource: 'status' }).catch(() => {})
      }
    }),
  )
}

function deployment(release: string): Deployment {
  const labels = { app: 'web' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'web', annotations: { run: randomBytes(4).toString('hex') } },
    spec: {
      replicas: 50,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, release } },
        spec: { containers: [{ name: 'main', image: 'none' }], terminationGracePeriodSeconds: 1 },
      },
    },
  }
}
