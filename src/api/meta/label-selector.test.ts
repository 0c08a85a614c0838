import { expect, test } from 'vitest'
import { formatLabelSelector, fromLabelSelector, matchesLabels, parseLabelSelector } from './label-selector.ts'

const labels = { app: 'web', tier: 'front', size: '3' }

test.each([
  ['app=web', true],
  ['app==web,tier!=back', true],
  ['app in (db, web)', true],
  ['app notin (web)', false],
  ['missing notin (x)', true],
  ['missing!=x', true],
  ['tier', true],
  ['!tier', false],
  ['!missing', true],
  ['size>2', true],
  ['size<3', false],
  ['app>2', false],
  ['app=', false],
  ['', true],
])('the selector %j selects by Kubernetes’ rules: %s', (text, selected) =>
  expect(matchesLabels(parseLabelSelector(text), labels)).toBe(selected),
)

test.each(['app=web=x', 'app in web', 'app in (', ',', 'a b', '!', 'x notin', 'size>a'])(
  '%j is refused with 400',
  (text) => expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ code: 400 })),
)

test('the object form means the same, and one without anything selects everything', () => {
  const selector = fromLabelSelector({
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['back', 'front'] },
      { key: 'gone', operator: 'DoesNotExist' },
    ],
  })
  expect(selector && matchesLabels(selector, labels)).toBe(true)
  expect(selector && formatLabelSelector(selector)).toBe('app=web,!gone,tier in (back,front)')
  const everything = fromLabelSelector({})
  expect(everything && matchesLabels(everything, labels)).toBe(true)
  expect(fromLabelSelector(undefined)).toBeUndefined()
})
