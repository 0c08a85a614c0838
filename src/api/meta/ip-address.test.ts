import { expect, test } from 'vitest'
import { cidrContains, formatCidr, formatIp, parseCidr, parseIp } from './ip-address.ts'

const canonical = (text: string) => {
  const bytes = parseIp(text)
  return bytes && formatIp(bytes)
}

test.each([
  ['10.1.2.3', '10.1.2.3'],
  ['010.001.002.003', '10.1.2.3'],
  ['FE80:0:0:0:0:0:0:0abc', 'fe80::abc'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
])('%s is the address %s (RFC 5952)', (text, wanted) => {
  expect(canonical(text)).toBe(wanted)
})

test.each(['', '10.1.2', '10.1.2.256', '1:2:3', ':::', '1::2::3', '12345::', 'example.com'])(
  '%s is no address',
  (text) => {
    expect(parseIp(text)).toBeUndefined()
  },
)

test('a range keeps the bits of its prefix and contains what shares them', () => {
  const range = parseCidr('10.1.2.3/8')
  expect(range && formatCidr(range)).toBe('10.0.0.0/8')
  expect(range && cidrContains(range, [10, 9, 9, 9])).toBe(true)
  expect(range && cidrContains(range, [11, 9, 9, 9])).toBe(false)
  expect(parseCidr('10.0.0.0/33')).toBeUndefined()
})
