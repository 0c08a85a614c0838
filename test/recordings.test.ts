import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openConnection } from '../src/client/http/connection.ts'
import { startApiServer } from './api-server.ts'
import type { TestServer } from './api-server.ts'
import { differences } from './replay/normalize.ts'
import { replay } from './replay/replay.ts'
import type { Recording } from './replay/replay.ts'

/** Scenarios that are answered as Kubernetes does to the last byte; the others are counted and reported. */
const COMPLETE = new Set(['crud', 'discovery', 'http-errors', 'patch'])

/** Answers that rightly differ: our revisions start at the time in microseconds, which is beyond the one that was recorded. */
const EXCEPTIONS = new Set(['http-errors / future rv'])

const directory = new URL('recordings/', import.meta.url)
const recordings = readdirSync(directory)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Recording)

let server: TestServer
let alike = 0
let total = 0

beforeAll(async () => void (server = await startApiServer()))
afterAll(async () => {
  console.log(`recordings: ${alike} of ${total} answers as recorded`)
  await server[Symbol.asyncDispose]()
})

describe('the API server answers as Kubernetes 1.34.4 was recorded', () => {
  test.each(recordings.map((recording) => [recording.name, recording] as const))('in %s', async (name, recording) => {
    const open = (headers: object) =>
      openConnection({ ...server.admin, headers: headers as Record<string, string> }, 'unknown')
    const got = await replay(open, recording, `rec-${name}`)
    const found = recording.outcomes.map((want, i) => [`${name} / ${want.id}`, differences(want, got[i])] as const)
    const different = found.filter(([id, lines]) => lines.length > 0 && !EXCEPTIONS.has(id))
    total += recording.outcomes.length
    alike += found.filter(([, lines]) => lines.length === 0).length
    if (COMPLETE.has(name)) expect(Object.fromEntries(different)).toEqual({})
    else if (different.length > 0) console.log(`${name}: ${different.length} of ${found.length} differ`)
  })
})
