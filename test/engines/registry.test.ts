import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Pod } from '../../src/api/generated/core-v1.ts'
import { events, pods, secrets } from '../../src/api/generated/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { createImageCollector } from '../../src/node/eviction/image-collection.ts'
import type { MachineUsage } from '../../src/node/usage/machine-usage.ts'
import { openCriRuntime } from '../../src/runtime/cri/cri-runtime.ts'
import { openDockerRuntime } from '../../src/runtime/docker/docker-runtime.ts'
import { createTestCluster, until } from '../../src/testing/index.ts'
import { BUSYBOX } from '../images/images.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'
import type { Engine } from './engine.ts'
import { registryMissing, startRegistry } from './registry.ts'

const ENGINES = [
  { runtime: 'cri', missing: containerdMissing() ?? registryMissing(), start: startContainerd },
  { runtime: 'docker', missing: dockerdMissing() ?? registryMissing(), start: startDockerd },
] as const
const namespace = 'default'
const deadlineMs = 60_000

for (const { runtime, missing, start } of ENGINES) {
  const title = `on ${runtime}, images come from a registry, with the pod's secrets where it asks for a password, and failures are told`
  if (missing !== undefined) test.skip(`${title}: ${missing}`, () => {})
  else
    test(title, { timeout: 180_000 }, async () => {
      await using registry = await startRegistry()
      await using engine = await start()
      engine.load(BUSYBOX)
      const image = (name: string) => `${registry.address}/${name}`
      for (const name of ['open:1', 'closed:1']) await engine.push('docker.io/library/busybox:latest', image(name))
      await using cluster = await createTestCluster({ runtime, engineEndpoint: engine.endpoint })
      const { client } = cluster

      await run(client, 'open', image('open:1'))
      await untilPod(client, 'open', ({ status }) => status?.phase === 'Succeeded')
      const { items } = await client.list(events, { namespace })
      const told = items.map(({ involvedObject, message }) => `${involvedObject.name}: ${message}`)
      expect(told).toContainEqual(expect.stringContaining(`open: Successfully pulled image "${image('open:1')}" in `))
      await run(client, 'absent', image('open:2'))
      expect(await waitingOf(client, 'absent', 'ErrImagePull')).toMatch(/not found|manifest unknown/)

      engine.load(ALONE)
      await engine.push(ALONE.names[0], image('alone:1'))
      engine.forget(ALONE.names[0])
      await isCollected(runtime, engine, image('open:1'), image('alone:1'))

      registry.protect('reader', 'sesame')
      await run(client, 'stranger', image('closed:1'))
      expect(await waitingOf(client, 'stranger', 'ErrImagePull')).toMatch(/401 Unauthorized|no basic auth credentials/)
      expect(await waitingOf(client, 'stranger', 'ImagePullBackOff')).toContain(
        `Back-off pulling image "${image('closed:1')}"`,
      )
      const auths = { [registry.address]: { username: 'reader', password: 'sesame' } }
      await client.create(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { namespace, name: 'login' },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
      })
      await run(client, 'reader', image('closed:1'), { imagePullSecrets: [{ name: 'login' }] })
      await untilPod(client, 'reader', ({ status }) => status?.phase === 'Succeeded')
    })
}

/** As no other image is: the same one under several names is never removed for one of them. */
const ALONE = {
  ...BUSYBOX,
  names: ['docker.io/library/alone:1'],
  config: { ...BUSYBOX.config, Env: ['ALONE=yes'] },
} as const

/** Of what a runtime has pulled, what nobody uses goes when the disk is too full, and nothing else does. */
async function isCollected(name: 'cri' | 'docker', engine: Engine, shared: string, alone: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-collect-'))
  const open = name === 'cri' ? openCriRuntime : openDockerRuntime
  const options = { environment: systemEnvironment('error'), endpoint: engine.endpoint, directory, owner: 'collects' }
  const runtime = await open(options)
  await runtime.pullImage(alone)
  // It was there before, pulled for others.
  await runtime.pullImage(shared)
  expect((await runtime.pulledImages?.())?.map(({ reference }) => reference)).toEqual([alone])
  let [nowMs, free] = [0, 50 * GI]
  const clock = { ...options.environment.clock, monotonicMs: () => nowMs }
  const machine = async () => ({ ...DISK, diskAvailableBytes: free })
  const warnings: string[] = []
  const warn = (reason: string) => void warnings.push(reason)
  const collector = createImageCollector({ clock, runtime, machine, warn })
  await collector.look()
  nowMs += 300_000
  await collector.look()
  expect(await runtime.imageStatus(alone)).toBeDefined()
  free = 5 * GI
  await collector.look()
  expect(await runtime.imageStatus(alone)).toBeUndefined()
  expect(await runtime.imageStatus(shared)).toBeDefined()
  expect(warnings).toEqual(['FreeDiskSpaceFailed'])
  await runtime.close()
  // What is pulled again is found again by a later life.
  const later = await open(options)
  await later.pullImage(alone)
  await later.close()
  const last = await open(options)
  expect((await last.pulledImages?.())?.length).toBe(1)
  expect(await last.removeImage?.(alone)).toBe(true)
  await last.close()
  rmSync(directory, { recursive: true })
}

const GI = 2 ** 30
const DISK: MachineUsage = {
  cpuMs: 0,
  memoryBytes: GI,
  memoryAvailableBytes: GI,
  diskBytes: 100 * GI,
  diskUsedBytes: 50 * GI,
  diskAvailableBytes: 50 * GI,
  inodes: 100,
  inodesFree: 50,
}

async function run(client: Client, name: string, image: string, more: object = {}): Promise<void> {
  const containers = [{ name: 'main', image, command: ['true'] }]
  const spec = { restartPolicy: 'Never', containers, ...more }
  await client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name }, spec })
}

async function untilPod(client: Client, name: string, holds: (pod: Pod) => boolean): Promise<Pod> {
  const isIt = (pod: Pod) => pod.metadata.name === name && holds(pod)
  const found = await until(client, pods, (all) => all.some(isIt), { namespace, deadlineMs })
  return found.find(isIt)!
}

/** The message with which the pod's container waits for that reason. */
async function waitingOf(client: Client, name: string, reason: string): Promise<string> {
  const stateOf = ({ status }: Pod) => status?.containerStatuses?.[0]?.state?.waiting
  const pod = await untilPod(client, name, (each) => stateOf(each)?.reason === reason)
  return stateOf(pod)?.message ?? ''
}
