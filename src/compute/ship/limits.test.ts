import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { removeOldest } from './remove-oldest.ts'
import { createShipper } from './ship.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-ship-'))
afterAll(() => rmSync(directory, { recursive: true }))

test('a large capture is warned of with its size, its variable and its place', async () => {
  const warnings: string[] = []
  await using shipper = createShipper({ warnBytes: 1024 * 1024, onWarning: (message) => warnings.push(message) })
  const small = 'x'
  const large = new Uint8Array(2 * 1024 * 1024)
  await shipper.ship(() => [small, large.length])
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatch(/^The function at .*limits\.test\.ts:\d+:\d+ captures 2\.0 MiB, most of it in "large"/)
  await shipper.ship(() => small)
  expect(warnings).toHaveLength(1)
})

test('a cache on disk keeps the newest files once there are twice as many', () => {
  const cache = join(directory, 'cache')
  mkdirSync(cache)
  for (let age = 0; age < 7; age++) {
    writeFileSync(join(cache, `package-${age}`), '')
    utimesSync(join(cache, `package-${age}`), 1000 - age, 1000 - age)
  }
  writeFileSync(join(cache, 'other'), '')
  removeOldest(cache, 'package-', 4)
  expect(readdirSync(cache)).toHaveLength(8)
  removeOldest(cache, 'package-', 3)
  expect(readdirSync(cache).sort()).toEqual(['other', 'package-0', 'package-1', 'package-2'])
})
