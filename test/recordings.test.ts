import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemEnvironment } from '../src/env/system.ts'
import { openConnection } from '../src/client/http/connection.ts'
import type { Connection } from '../src/client/http/connection.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'
import { differences, comparable } from './replay/normalize.ts'
import { replay } from './replay/replay.ts'
import type { Recording } from './replay/replay.ts'

const directory = new URL('recordings/', import.meta.url)
const recordings = readdirSync(directory)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Recording)

let server: TestServer

/** Connections are kept, one for each set of headers: opening them would take longer than all the requests. */
const connections = new Map<string, Connection>()

function connectionWith(headers: Record<string, string>): Connection {
  const key = JSON.stringify(headers)
  const known = connections.get(key) ?? openConnection({ ...server.admin, headers }, 'unknown')
  connections.set(key, known)
  return { ...known, close() {} }
}

// The clock stands still, since ages were recorded as 0s; revisions are small, since one was recorded as too large.
beforeAll(async () => {
  const { clock } = systemEnvironment()
  const startedMs = clock.now()
  server = await startApiServer({ clock: { ...clock, now: () => startedMs }, storeStartMs: 0 })
})
afterAll(async () => {
  for (const connection of connections.values()) connection.close()
  await server[Symbol.asyncDispose]()
})

describe('the API server answers as Kubernetes 1.34.4 was recorded', () => {
  test.each(recordings.map((recording) => [recording.name, recording] as const))('in %s', async (name, recording) => {
    const open = (headers: object) => connectionWith(headers as Record<string, string>)
    const got = await replay(open, recording, `rec-${name}`)
    const found = recording.outcomes.map(
      (want, i) => [want.id, differences(comparable(want), comparable(got[i]))] as const,
    )
    expect(Object.fromEntries(found.filter(([, lines]) => lines.length > 0))).toEqual({})
  })
})

test('no recorded answer is left out', () => {
  expect(recordings).toHaveLength(43)
  expect(recordings.flatMap((recording) => recording.outcomes)).toHaveLength(1708)
})
