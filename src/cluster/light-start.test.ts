import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '..')

test('no module imports node:http for its values: that would load the fetch of Node at every start', () => {
  const modules = globSync('**/*.ts', { cwd: src }).filter((path) => !/\.test\.ts$|-suite\.ts$|fixture/.test(path))
  const importers = modules.filter((path) =>
    /^import (?!type ).*'node:http'/m.test(readFileSync(join(src, path), 'utf8')),
  )
  expect(modules.length).toBeGreaterThan(100)
  expect(importers).toEqual([])
})
