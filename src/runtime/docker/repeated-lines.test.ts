import { expect, test } from 'vitest'
import { createRepeatedLines } from './repeated-lines.ts'

/** Reads `STREAM TIME TEXT` as it is passed on: `o` and `e` are the streams, times are seconds, `\\` is a part's end. */
function passedOn(lines: readonly string[], now = 100) {
  const repeated = createRepeatedLines({ now: () => now * 1000, monotonicMs: () => 0 })
  const passed = lines.filter((each) => {
    if (each === 'again') return repeated.resumeAt() === '?'
    const [stream, seconds = '', text = ''] = each.split(' ')
    const time = `1970-01-01T00:${String(Math.floor(Number(seconds) / 60)).padStart(2, '0')}:${String(Number(seconds) % 60).padStart(2, '0')}.000000000Z`
    const bytes = Buffer.from(text.endsWith('\\') ? text : `${text}\n`)
    return !repeated.has(time, { timeMs: 0, stream: stream === 'o' ? 'stdout' : 'stderr', bytes })
  })
  return passed.map((each) => each.split(' ')[2]).join(' ')
}

test('repeatedLines(): what Docker reads once more is left out, what follows is not', () => {
  expect(passedOn(['o 1 a', 'o 2 b', 'o 1 a', 'o 2 b', 'o 3 c'])).toBe('a b c')
  expect(passedOn(['o 1 a', 'o 2 b', 'again', 'o 2 b', 'o 3 c'])).toBe('a b c')
})

test('repeatedLines(): a stream may be behind the other, and the parts of a long line have one time', () => {
  expect(passedOn(['o 2 a', 'e 1 b', 'o 3 c'])).toBe('a b c')
  expect(passedOn(['o 1 a\\', 'o 1 b\\', 'o 1 c', 'o 2 d'])).toBe('a\\ b\\ c d')
  expect(passedOn(['o 1 a', 'o 2 b\\', 'o 1 a', 'o 2 b\\', 'o 2 c', 'o 3 d'])).toBe('a b\\ c d')
})

test('repeatedLines(): lines of a clock that was set back are passed on', () => {
  expect(passedOn(['o 500 a', 'o 100 b', 'o 101 c'])).toBe('a b c')
})
