import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configMaps, events, jobs, pods, secrets } from '../../src/api/generated/resources.ts'
import type { ComputeEvent } from '../../src/compute/events.ts'
import { runs } from '../../src/compute/run/run.ts'
import { clusterSessions } from './cluster-session.fixture.ts'

const sessions = clusterSessions()
const { directory, namespace } = sessions
const value = 'nobody-is-to-see-this-47'

/** All that lies below the directory, as one text. */
function textBelow(path: string): string {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n')
}

test('a secret that workers have by reference is in no object, bundle, log, journal and failed task of the run', async () => {
  const { client } = sessions
  const metadata = { name: 'service', namespace }
  await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { token: value } })
  const told: ComputeEvent[] = []
  await using shoal = await sessions.open({
    name: 'careful',
    workers: { count: 1, threads: 1, cpu: '100m', secrets: { TOKEN: { secret: 'service', key: 'token' } } },
    stateDirectory: join(directory, 'state'),
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
