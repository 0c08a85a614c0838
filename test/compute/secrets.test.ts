import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configMaps, events, jobs, pods, secrets } from '../../src/api/generated/resources.ts'
import { createCluster } from '../../src/cluster/cluster.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import type { ComputeEvent } from '../../src/compute/events.ts'
import { runs } from '../../src/compute/run/run.ts'
import { createCompute } from '../../src/compute/session.ts'
import { systemEnvironment } from '../../src/env/system.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-secrets-'))
const env = systemEnvironment('error')
const namespace = 'default'
const value = 'nobody-is-to-see-this-47'
let cluster: Cluster

beforeAll(async () => {
  cluster = await createCluster({ env, podDirectory: join(directory, 'pods') })
})

afterAll(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

/** All that lies below the directory, as one text. */
function textBelow(path: string): string {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n')
}

test('a secret that workers have by reference is in no object, bundle, log, journal and failed task of the run', async () => {
  const { client } = cluster
  const metadata = { name: 'service', namespace }
  await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token: value } })
  const told: ComputeEvent[] = []
  await using shoal = await createCompute({
    client,
    env,
    namespace,
    image: 'node:24',
    name: 'careful',
    workers: { count: 1, threads: 1, cpu: '100m', secrets: { TOKEN: { secret: 'service', key: 'token' } } },
    reach: { kind: 'unix', directory: join(directory, 's') },
    stateDirectory: join(directory, 'state'),
    cacheDirectory: join(directory, 'cache'),
    failedDirectory: join(directory, 'failed'),
    onEvent: (event) => void told.push(event),
  })
  const lengths = await shoal.map([1, 2], () => {
    console.log('it is there')
    return process.env['TOKEN']?.length
  })
  expect(lengths).toEqual([value.length, value.length])
  const failing = shoal.submit(() => {
    if (process.env['TOKEN'] !== undefined) throw new RangeError('it was refused')
  })
  await expect(failing).rejects.toThrow('it was refused')
  const kinds = [jobs, pods, configMaps, runs, events]
  const objects = await Promise.all(kinds.map((type) => client.list(type, { namespace })))
  const seen = [JSON.stringify(objects), JSON.stringify(told), textBelow(directory)].join('\n')
  // What is searched is what there is: the name, the log and the failed task are found.
  for (const known of ['"service"', 'it is there', 'it was refused']) expect(seen).toContain(known)
  for (const form of [value, Buffer.from(value).toString('base64')]) expect(seen).not.toContain(form)
})
