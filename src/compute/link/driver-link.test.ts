import { Duplex } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { ComputeError } from '../errors.ts'
import { createRunTrust } from '../trust/run-trust.ts'
import { connectDriverLink } from './driver-link.ts'
import type { DriverLink, DriverLinkOptions } from './driver-link.ts'

const env = systemEnvironment('error')
const trust = createRunTrust(env, 'run-test').driver
let driver: DriverLink | undefined
afterEach(() => driver?.close())

function connectTo(options: Pick<DriverLinkOptions, 'dial' | 'diagnose'>) {
  const lost = Promise.withResolvers<ComputeError>()
  const nothing = () => {}
  driver = connectDriverLink({
    env,
    session: 's',
    trust,
    awayMs: 60_000,
    onMessage: nothing,
    onRoom: nothing,
    onForgotten: nothing,
    onCut: nothing,
    onBack: nothing,
    onLost: lost.resolve,
    ...options,
  })
  driver.connected.catch(nothing)
  driver.connect()
  return { driver, lost: lost.promise }
}

test("a connection that comes when the link is closed already is closed in turn, and its complaint is nobody's", async () => {
  const late = Promise.withResolvers<Duplex>()
  const { driver: closed } = connectTo({ dial: () => late.promise, diagnose: async () => undefined })
  closed.close()
  const stream = new Duplex({
    read() {},
    destroy: (_error, done) => done(new Error('closed before it was used')),
  })
  late.resolve(stream)
  await expect.poll(() => stream.destroyed).toBe(true)
})

test('what is the matter with the coordinator is said in place of what the connection says', async () => {
  const { driver: waiting } = connectTo({
    dial: () => Promise.reject(new Error('connection refused')),
    diagnose: async () => 'pod a: CrashLoopBackOff',
  })
  await expect.poll(() => waiting.whyCut()).toMatch(/has not been there for \d+ s: pod a: CrashLoopBackOff$/)
})

test('a coordinator that is gone for good is not dialled again', async () => {
  let dials = 0
  const { lost } = connectTo({
    dial: () => Promise.reject(new Error(`refused ${++dials}`)),
    diagnose: () => Promise.reject(new ComputeError('SHOAL_NO_COORDINATOR', 'its pod was deleted')),
  })
  expect((await lost).code).toBe('SHOAL_NO_COORDINATOR')
  expect(dials).toBe(1)
})
