import { expect, test } from 'vitest'
import { formatAge } from './age.ts'
import { evaluatePath, parsePath } from './simple-path.ts'

test.each([
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [125, '2m5s'],
  [600, '10m'],
  [3 * 3600, '3h'],
  [3 * 3600 + 300, '3h5m'],
  [8 * 3600, '8h'],
  [49 * 3600, '2d1h'],
  [9 * 86400, '9d'],
  [3 * 365 * 86400 + 86400, '3y1d'],
])('an age of %i seconds is printed as Kubernetes prints it', (seconds, text) => {
  expect(formatAge(0, seconds * 1000)).toBe(text)
})

test('a path reaches fields, indexes, all items and items chosen by a text', () => {
  const value = {
    spec: {
      'a.b': 1,
      list: [
        { type: 'x', v: 1 },
        { type: 'Ready', v: 2 },
      ],
    },
  }
  const at = (path: string) => evaluatePath(parsePath(path), value)
  expect(at('.spec.list[1].v')).toEqual([2])
  expect(at('.spec.list[*].v')).toEqual([1, 2])
  expect(at('.spec.list[?(@.type=="Ready")].v')).toEqual([2])
  expect(at("{.spec['a.b']}")).toEqual([1])
  expect(at(String.raw`.spec.a\.b`)).toEqual([1])
  expect(at('.spec.none.deep')).toEqual([])
})
