import { expect, test } from 'vitest'
import { evaluatePath, parsePath } from './simple-path.ts'

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
