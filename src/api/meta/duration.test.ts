import { expect, test } from 'vitest'
import { ageOf, humanDuration } from './duration.ts'

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000]

/** The steps of apimachinery's `duration.HumanDuration`. */
test.each([
  [-5 * SECOND, '<invalid>'],
  [-1 * SECOND, '0s'],
  [0, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [2 * MINUTE + 5 * SECOND, '2m5s'],
  [10 * MINUTE + 30 * SECOND, '10m'],
  [3 * HOUR + 5 * MINUTE, '3h5m'],
  [8 * HOUR + 59 * MINUTE, '8h'],
  [2 * DAY + HOUR, '2d1h'],
  [8 * DAY + HOUR, '8d'],
  [729 * DAY, '729d'],
  [800 * DAY, '2y70d'],
  [9 * 365 * DAY, '9y'],
])('%d ms are shown as %s', (ms, text) => expect(humanDuration(ms)).toBe(text))

test('an age is counted from a moment, or unknown', () => {
  expect(ageOf('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:01:00Z'))).toBe('60s')
  expect(ageOf(undefined, 0)).toBe('<unknown>')
})
