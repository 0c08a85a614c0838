import { expect, test } from 'vitest'
import { isAtLeast } from './resource-version.ts'

test('resource versions are compared as numbers of any size', () => {
  expect(isAtLeast('10', '9')).toBe(true)
  expect(isAtLeast('9', '10')).toBe(false)
  expect(isAtLeast('9007199254740993', '9007199254740992')).toBe(true)
  expect(isAtLeast('', '1')).toBe(false)
})
