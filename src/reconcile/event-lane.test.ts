import { expect, test } from 'vitest'
import { systemEnvironment } from '../env/system.ts'
import { eventLaneOf } from './event-lane.ts'

const env = systemEnvironment('error')

test('an event lane writes a few events at once, the others in order of asking', async () => {
  const lane = eventLaneOf(env)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const writes = Array.from({ length: 20 }, (_, i) =>
    lane.run(() => {
      begun.push(i)
      return new Promise((resolve) => ends.push(resolve))
    }),
  )
  await settled()
  const first = begun.length
  expect(first).toBeGreaterThan(0)
  expect(lane.waiting).toBe(20 - first)
  ends[0]!()
  await settled()
  expect(begun).toHaveLength(first + 1)
  for (let i = 1; i < 20; i++) {
    ends[i]!()
    await settled()
  }
  await Promise.all(writes)
  expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => i))
  expect(lane.waiting).toBe(0)
})

test('a write that fails tells its caller and leaves its place to the next', async () => {
  const lane = eventLaneOf(env)
  const failing = Array.from({ length: 30 }, () => lane.run(() => Promise.reject(new Error('refused'))))
  const results = await Promise.allSettled(failing)
  expect(results.every(({ status }) => status === 'rejected')).toBe(true)
  await lane.run(() => Promise.resolve())
})

/** Everything that follows from what has happened so far has happened. */
const settled = () => new Promise<void>((resolve) => void env.timers.soon(resolve))
