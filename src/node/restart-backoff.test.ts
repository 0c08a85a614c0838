import { expect, test } from 'vitest'
import type { ContainerRecord } from './pod-record.ts'
import { formatPause, withBackoff } from './restart-backoff.ts'

const MINUTE = 60_000

function ended(ranMs: number, more: Partial<ContainerRecord>): ContainerRecord {
  const state = { phase: 'exited', startedAtMs: 0, finishedAtMs: ranMs, exitCode: 1, oomKilled: false } as const
  const attempt = { id: 'a', sandboxId: 's', podUid: 'u', name: 'main', attempt: 0, image: '', imageId: '', state }
  return { restarts: 0, current: attempt, ...more }
}

// The kubelet restarts once at once, then after 10 s, doubled up to 5 min, and forgets after a run of 10 min.
test.each([
  { restarts: 0, lastMs: undefined, ranMs: 5, pauseMs: undefined },
  { restarts: 1, lastMs: undefined, ranMs: 5, pauseMs: 10_000 },
  { restarts: 2, lastMs: 10_000, ranMs: 5, pauseMs: 20_000 },
  { restarts: 6, lastMs: 160_000, ranMs: 5, pauseMs: 5 * MINUTE },
  { restarts: 7, lastMs: 5 * MINUTE, ranMs: 9 * MINUTE, pauseMs: 5 * MINUTE },
  { restarts: 7, lastMs: 5 * MINUTE, ranMs: 11 * MINUTE, pauseMs: undefined },
])('after $restarts restarts and $ranMs ms the pause is $pauseMs ms', ({ restarts, lastMs, ranMs, pauseMs }) => {
  const last = lastMs === undefined ? {} : { restart: { lengthMs: lastMs, untilMs: 0 } }
  const { restart, notBeforeMs } = withBackoff(ended(ranMs, { restarts, ...last }), ranMs + 700)
  expect(restart?.lengthMs).toBe(pauseMs)
  expect(restart?.untilMs).toBe(pauseMs === undefined ? undefined : ranMs + pauseMs)
  expect(notBeforeMs).toBe(pauseMs === undefined ? ranMs : ranMs + 1_700)
})

test.each([
  [10_000, '10s'],
  [80_000, '1m20s'],
  [300_000, '5m0s'],
])('a pause of %i ms is written as Go does: %s', (ms, text) => {
  expect(formatPause(ms)).toBe(text)
})
