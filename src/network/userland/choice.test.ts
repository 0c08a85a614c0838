import { expect, test } from 'vitest'
import { createChoice } from './choice.ts'
import type { Listener } from './listener.ts'

const target = (ip: string) => ({ ip, port: 80 })
const [a, b, c] = [target('10.0.0.1'), target('10.0.0.2'), target('10.0.0.3')]
const listener = (targets: Listener['targets'], affinitySeconds?: number): Listener => ({
  host: '127.0.0.1',
  port: 80,
  protocol: 'TCP',
  sourceRanges: [],
  targets,
  ...(affinitySeconds !== undefined && { affinitySeconds }),
})

test('choice: targets take turns, those that were tried are left out', () => {
  const choice = createChoice(listener([a, b, c]))
  expect([1, 2, 3, 4].map(() => choice.pick('x', 0))).toEqual([a, b, c, a])
  expect(choice.pick('x', 0, new Set([b, c]))).toBe(a)
  expect(choice.pick('x', 0, new Set([a, b, c]))).toBeUndefined()
})

test('choice: with affinity a client goes where it was, until it was silent too long or that target is gone', () => {
  const choice = createChoice(listener([a, b], 10))
  expect([choice.pick('x', 0), choice.pick('y', 0), choice.pick('x', 9_000)]).toEqual([a, b, a])
  expect(choice.pick('x', 18_000)).toBe(a)
  choice.change(listener([b, c], 10))
  expect([choice.pick('y', 18_000), choice.pick('x', 18_001)]).toEqual([b, c])
})
