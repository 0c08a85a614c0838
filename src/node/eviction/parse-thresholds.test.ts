import { expect, test } from 'vitest'
import { parseThresholds } from './parse-thresholds.ts'
import { DEFAULT_THRESHOLDS } from './thresholds.ts'

// The kubelet's flags --eviction-hard, --eviction-soft, --eviction-soft-grace-period and --eviction-max-pod-grace-period.
test("thresholds: the kubelet's notation is read, amounts and shares, and what is not named stays as it is", () => {
  const read = parseThresholds({
    soft: 'memory.available<1.5Gi,imagefs.available<15%',
    softGracePeriod: 'memory.available=1m30s,imagefs.available=10s',
    maxPodGraceSeconds: 5,
  })
  expect(read.mostPodGraceMs).toBe(5_000)
  expect(read.all).toEqual([
    ...DEFAULT_THRESHOLDS.all,
    { signal: 'memory.available', least: { amount: 1.5 * 2 ** 30 }, graceMs: 90_000 },
    { signal: 'nodefs.available', least: { share: 0.15 }, graceMs: 10_000 },
  ])
  expect(parseThresholds({ hard: 'nodefs.inodesFree<1000' }).all).toEqual([
    { signal: 'nodefs.inodesFree', least: { amount: 1000 }, graceMs: 0 },
  ])
  expect(parseThresholds({ hard: '' }).all).toEqual([])
})

test.each([
  [{ soft: 'memory.available<1Gi' }, 'grace period must be specified for the soft eviction threshold memory.available'],
  [{ softGracePeriod: 'memory.available=1m' }, 'no soft eviction threshold for memory.available'],
  [{ hard: 'memory.available=1Gi' }, 'invalid eviction statement "memory.available=1Gi": no "<" in it'],
  [{ hard: 'cpu<1' }, 'unsupported eviction signal cpu'],
  [{ hard: 'memory.available<0' }, 'eviction threshold memory.available must be positive: 0'],
  [{ hard: 'nodefs.available<120%' }, 'eviction percentage threshold nodefs.available must be > 0% and < 100%: 120%'],
  [
    { soft: 'memory.available<1Gi', softGracePeriod: 'memory.available=soon' },
    'invalid grace period for memory.available: soon',
  ],
])('thresholds: %j is refused', (texts, message) => {
  expect(() => parseThresholds(texts)).toThrow(message)
})
