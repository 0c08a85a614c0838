import { expect, test } from 'vitest'
import type { Note } from './change.ts'
import { createEventCorrelator } from './event-correlator.ts'
import { virtualTime } from './virtual-time.ts'

const about = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name: 'p', uid: 'u' } }
const note = (message: string): Note => ({ about, type: 'Normal', reason: 'Pulled', message })

test('a repeated event becomes a count on the first, as client-go does', () => {
  const correlate = createEventCorrelator(virtualTime().env.clock)
  const first = correlate(note('again'))!
  expect([first.count, first.name]).toEqual([1, undefined])
  first.wrote('p.1')
  const second = correlate(note('again'))!
  expect([second.count, second.name]).toEqual([2, 'p.1'])
})

test('the tenth similar event within ten minutes is combined with those that follow', () => {
  const correlate = createEventCorrelator(virtualTime().env.clock)
  const messages = Array.from({ length: 11 }, (_, i) => correlate(note(`message ${i}`))!.message)
  expect(messages.slice(8)).toEqual([
    'message 8',
    '(combined from similar events): message 9',
    '(combined from similar events): message 10',
  ])
})

test('an object gets 25 events at once and one more every five minutes', () => {
  const { env, advance } = virtualTime()
  const correlate = createEventCorrelator(env.clock)
  const passed = (count: number) => Array.from({ length: count }, () => correlate(note('x'))).filter(Boolean).length
  expect(passed(40)).toBe(25)
  advance(300_000)
  expect(passed(5)).toBe(1)
})
