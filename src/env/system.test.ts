import { expect, test } from 'vitest'
import { systemEnvironment } from './system.ts'

test('a timer of more than 24 days does not fire at once, as timers of Node do', async () => {
  const { timers } = systemEnvironment()
  const month = 30 * 24 * 3600 * 1000
  const fired: string[] = []
  const timer = timers.after(month, () => fired.push('month'))
  await new Promise<void>((resolve) => timers.after(20, resolve))
  timer.cancel()
  expect(fired).toEqual([])
})
