import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createCluster } from './cluster.ts'

test('files of a pod that is gone, left by an agent that was killed, are removed by the next', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'forgotten-'))
  const folder = join(dataDirectory, 'pods/pods/0b1f3a52-6f1e-4c57-9f0c-2d4b8a7e6c11')
  mkdirSync(join(folder, 'volumes/data'), { recursive: true })
  {
    await using cluster = await createCluster({ dataDirectory, podNetwork: 'loopback' })
    await cluster.ready
    await expect.poll(() => existsSync(folder), { timeout: 30_000 }).toBe(false)
  }
  rmSync(dataDirectory, { recursive: true })
})
