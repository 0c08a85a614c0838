import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, expect, test } from 'vitest'
import { createRunTrust } from '../../src/compute/trust/run-trust.ts'
import type { PartAnswer, PartQuestion } from '../../src/compute/wire/parts.ts'
import type { Trust } from '../../src/compute/wire/secure.ts'
import { createPartService } from '../../src/compute/worker/part-service.ts'
import { securePeers } from '../../src/compute/worker/secure-peers.ts'
import { systemEnvironment } from '../../src/env/system.ts'

const env = systemEnvironment()
const token = 'the token of the run'
const ports: { close(): void }[] = []
afterAll(() => ports.forEach((port) => port.close()))

/** The part service of a worker; answers what a thread of it asks. */
function worker(trust: Trust, itsToken = token) {
  const service = createPartService({ token: itsToken, address: 'tls:127.0.0.1:1', ...securePeers(trust, '127.0.0.1') })
  const { port1, port2 } = new MessageChannel()
  ports.push(port1)
  service.attach(port2)
  return async (question: PartQuestion): Promise<PartAnswer> => {
    port1.postMessage(question)
    const [answer] = (await once(port1, 'message')) as [PartAnswer]
    return answer
  }
}

const run = createRunTrust(env, 'run-a')
const keeper = worker(run.worker)

/** What is left in a file of the first worker, and how another one asks for a part of it. */
async function left(): Promise<PartQuestion> {
  const answer = await keeper({ type: 'home', id: 1 })
  if (!('home' in answer)) throw new Error(JSON.stringify(answer))
  const { directory, address } = answer.home
  expect(address).toMatch(/^tls:127\.0\.0\.1:\d+$/)
  const file = join(directory, 'part')
  writeFileSync(file, 'rows of a shuffle')
  return { type: 'fetch', id: 2, address, file, from: 0, to: 4 }
}

const textOf = (answer: PartAnswer) => ('bytes' in answer ? Buffer.from(answer.bytes).toString() : answer)

test('a worker gives parts to a worker of its run, over TLS on both sides', async () => {
  expect(textOf(await worker(run.worker)(await left()))).toBe('rows')
})

test('a worker of another run gets nothing, whatever it knows', async () => {
  const question = await left()
  const other = createRunTrust(env, 'run-b')
  expect(await worker(other.worker)(question)).toMatchObject({
    id: 2,
    error: expect.stringMatching(/certificate|signature/),
  })
  const lax = { ...other.worker, authority: run.worker.authority }
  expect(await worker(lax)(question)).toMatchObject({ id: 2, error: expect.any(String) })
})

test('a certificate of the run is not enough: the token must be known, and drivers have no business there', async () => {
  const question = await left()
  expect(await worker(run.worker, 'another token')(question)).toMatchObject({ id: 2, error: expect.any(String) })
  expect(await worker(run.driver)(question)).toMatchObject({ id: 2, error: expect.any(String) })
})
