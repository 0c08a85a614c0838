import { expect, test } from 'vitest'
import { linesOf } from '../run-example.ts'

test('no window of time has more calls than the limiter allows, and all calls are made', async () => {
  const [said = '', shown = ''] = await linesOf('rate-limiter', '25', '4', '150')
  expect(said).toMatch(/^25 calls from 2 workers: at most 4 within 150 ms, 4 allowed$/)
  const times = shown.split(' ').map(Number)
  expect(times).toHaveLength(25)
  // Shown in whole milliseconds: two that are 150 ms apart may look a millisecond nearer.
  for (let at = 4; at < times.length; at++) expect(times[at]! - times[at - 4]!).toBeGreaterThanOrEqual(149)
})
