import { expect, test } from 'vitest'
import { applyJsonPatch } from './json.ts'

const refused = (target: unknown, patch: unknown) => {
  try {
    applyJsonPatch(target, patch)
    return undefined
  } catch (error) {
    return (error as { code: number }).code
  }
}

test('operations do what RFC 6902 says, in order, and leave their arguments as they were', () => {
  const target = { list: ['a', 'b'], map: { x: 1 }, gone: true }
  const patch = [
    { op: 'add', path: '/list/-', value: 'd' },
    { op: 'add', path: '/list/2', value: 'c' },
    { op: 'replace', path: '/map/x', value: { y: [null] } },
    { op: 'copy', from: '/map/x', path: '/copied' },
    { op: 'move', from: '/list/0', path: '/map/first' },
    { op: 'remove', path: '/gone' },
    { op: 'test', path: '/map/x/y/0', value: null },
    { op: 'add', path: '/map/a~1b~0c', value: null },
  ]
  const before = structuredClone([target, patch])
  expect(applyJsonPatch(target, patch)).toEqual({
    list: ['b', 'c', 'd'],
    map: { x: { y: [null] }, first: 'a', 'a/b~c': null },
    copied: { y: [null] },
  })
  expect([target, patch]).toEqual(before)
})

test('indices may count from the end, and an absent field equals null, as in the library that Kubernetes uses', () => {
  expect(applyJsonPatch([1, 2, 3], [{ op: 'remove', path: '/-1' }])).toEqual([1, 2])
  expect(applyJsonPatch({}, [{ op: 'test', path: '/absent', value: null }])).toEqual({})
  expect(applyJsonPatch({}, [{ op: 'replace', path: '/absent' }])).toEqual({ absent: null })
  expect(applyJsonPatch({ a: 1 }, [{ op: 'replace', path: '', value: [2] }])).toEqual([2])
  expect(applyJsonPatch({}, [{ op: 'copy', from: '/absent', path: '/x' }])).toEqual({ x: null })
  expect(applyJsonPatch([1, 2], [{ op: 'remove', path: '/01' }])).toEqual([1])
})

test.each([
  [{ op: 'remove', path: '/absent' }],
  [{ op: 'replace', path: '/list/1', value: 1 }],
  [{ op: 'add', path: '/absent/deeper', value: 1 }],
  [{ op: 'add', path: '/list/7', value: 1 }],
  [{ op: 'test', path: '/list/0', value: 'other' }],
  [{ op: 'move', path: '/x' }],
  [{ op: 'copy', from: '/list/1', path: '/x' }],
  [{ op: 'merge', path: '/list' }],
  [{ op: 'add', path: 'list', value: 1 }],
  [{ op: 'add', path: '/toString/x', value: 1 }],
  [{ op: 'add', path: '/list/length', value: 1 }],
  [{ op: 'add' }],
  ['add'],
])('what does not apply is refused with 422: %j', (operation) => {
  expect(refused({ list: ['a'] }, [operation])).toBe(422)
})

test('fields named as parts of every JavaScript object are fields like others', () => {
  const patched = applyJsonPatch({}, [
    { op: 'add', path: '/constructor', value: {} },
    { op: 'add', path: '/constructor/prototype', value: 1 },
    { op: 'add', path: '/__proto__', value: { x: 1 } },
  ])
  expect(JSON.stringify(patched)).toBe('{"constructor":{"prototype":1},"__proto__":{"x":1}}')
  expect(({} as { x?: number }).x).toBeUndefined()
})
