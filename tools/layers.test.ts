import { expect, test } from 'vitest'
import { layers } from './layers.ts'
import { readModule } from './source/module.ts'

const check = (files: Readonly<Record<string, string>>) =>
  layers(Object.entries(files).map(([path, text]) => readModule(path, text)))

test('layers() passes imports that go down', () => {
  expect(check({ 'src/watch/hub.ts': "import { a } from '../store/store.ts'\n" })).toEqual([])
})

test('layers() refuses an import that goes up, of a type too', () => {
  expect(check({ 'src/store/a.ts': "import type { A } from '../watch/hub.ts'\n" })).toEqual([
    'src/store/a.ts:1: store imports watch, which goes up; expected imports downwards only',
  ])
})

test('layers() refuses an import across one level, a dynamic one too', () => {
  expect(check({ 'src/store/a.ts': "const a = await import('../client/client.ts')\n" })).toEqual([
    'src/store/a.ts:1: store imports client, which goes across its level; expected imports downwards only',
  ])
})

test('layers() keeps controllers from the store', () => {
  expect(check({ 'src/controllers/job/core.ts': "import { a } from '../../store/store.ts'\n" })).toEqual([
    'src/controllers/job/core.ts:1: imports src/store/store.ts, but whoever does something learned of it from a watch and writes through the client',
  ])
})

test('layers() keeps the worker free of all but env and wire', () => {
  expect(check({ 'src/compute/worker/a.ts': "import { a } from '../coordinator/queue.ts'\n" })).toEqual([
    'src/compute/worker/a.ts:1: imports src/compute/coordinator/queue.ts, but a worker imports env and wire only',
  ])
})

test('layers() names a circle', () => {
  const files = { 'src/store/a.ts': "import './b.ts'\n", 'src/store/b.ts': "export { a } from './a.ts'\n" }
  expect(check(files)).toEqual(['circle: src/store/a.ts -> src/store/b.ts -> src/store/a.ts'])
})

test('layers() refuses a folder that has no level', () => {
  expect(check({ 'src/misc/a.ts': "import '../env/clock.ts'\n" })).toEqual([
    'src/misc/a.ts: folder "misc" has no level, expected one in tools/layers.ts',
  ])
})
