import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemEnvironment } from '../src/env/system.ts'
import { openConnection } from '../src/client/http/connection.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'
import { differences, withoutOrder } from './replay/normalize.ts'
import { replay } from './replay/replay.ts'
import type { Recording } from './replay/replay.ts'

const directory = new URL('recordings/', import.meta.url)
const recordings = readdirSync(directory)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Recording)

let server: TestServer

// The clock stands still, since ages were recorded as 0s; revisions are small, since one was recorded as too large.
beforeAll(async () => {
  const { clock } = systemEnvironment()
  const startedMs = clock.now()
  server = await startApiServer({ clock: { ...clock, now: () => startedMs }, storeStartMs: 0 })
})
afterAll(() => server[Symbol.asyncDispose]())

describe('the API server answers as Kubernetes 1.34.4 was recorded', () => {
  test.each(recordings.map((recording) => [recording.name, recording] as const))('in %s', async (name, recording) => {
    const open = (headers: object) =>
      openConnection({ ...server.admin, headers: headers as Record<string, string> }, 'unknown')
    const got = await replay(open, recording, `rec-${name}`)
    const found = recording.outcomes.map(
      (want, i) => [want.id, differences(withoutOrder(want), withoutOrder(got[i]))] as const,
    )
    expect(Object.fromEntries(found.filter(([, lines]) => lines.length > 0))).toEqual({})
  })
})

test('no recorded answer is left out: 219 in 15 scenarios', () => {
  expect(recordings).toHaveLength(15)
  expect(recordings.flatMap((recording) => recording.outcomes)).toHaveLength(219)
})
