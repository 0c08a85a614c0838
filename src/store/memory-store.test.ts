import { expect, test } from 'vitest'
import { createMemoryStore, startRevision } from './memory-store.ts'
import { environment, storeSuite } from './store-suite.ts'

storeSuite('memory store', async (options) => createMemoryStore(environment, options))

test('the start revision rises with the clock and stays exact', () => {
  const now = Date.UTC(2026, 0, 31)
  expect(startRevision(now + 1)).toBeGreaterThan(startRevision(now))
  expect(startRevision(Date.UTC(2255, 0, 1))).toBeLessThan(Number.MAX_SAFE_INTEGER)
  expect(startRevision(0)).toBe(1)
})
