import { expect, test } from 'vitest'
import type { ComputeEvent } from '../../compute/events.ts'
import { after, NO_PROGRESS } from './progress-state.ts'
import type { ProgressState } from './progress-state.ts'
import { endedText, progressText, wholeText } from './progress-text.ts'

const bytes = (mb: number): ComputeEvent => ({
  type: 'progress',
  stage: 1,
  name: 'count',
  unit: 'blocks',
  done: mb / 10,
  bytes: mb * 1e6,
  totalBytes: 400e6,
})

/** The state after events at the given seconds. */
const told = (...events: readonly (readonly [seconds: number, event: ComputeEvent])[]): ProgressState =>
  events.reduce((state, [seconds, event]) => after(state, event, seconds * 1000), NO_PROGRESS)

const started: ComputeEvent = { type: 'stage-started', stage: 1, name: 'count' }
const workers: ComputeEvent = { type: 'workers', workers: 1, threads: 2, wanted: 1 }

test('a run that has no worker yet says what it waits for and promises nothing', () => {
  expect(progressText(told([0, started]), 3000, 100)).toBe('waiting for pods\ncount')
})

test('the rate is taken from the first worker on, and the time left follows from it', () => {
  const state = told([0, started], [4, workers], [5, bytes(100)])
  expect(progressText(state, 5000, 100)).toBe(
    '1/1 pods, 2 threads\ncount ██████░░░░░░░░░░░░░░░░░░ 25%  100.0 MB of 400.0 MB, 100.0 MB/s, 3 s left',
  )
})

test('the rate is that of the last seconds, and falls while nothing is done', () => {
  const state = told([0, started], [0, workers], [1, bytes(200)], [10, bytes(210)], [16, bytes(260)])
  // 50 MB in the 6 s since the last sample before the window.
  expect(progressText(state, 16_000, 100)).toContain('260.0 MB of 400.0 MB, 8.3 MB/s, 17 s left')
  expect(progressText(state, 20_000, 100)).toContain('5.0 MB/s, 28 s left')
})

test('a line is cut where the terminal ends', () => {
  const state = told([0, started], [0, workers], [1, bytes(200)])
  for (const line of progressText(state, 1000, 40).split('\n')) expect(line.length).toBeLessThan(40)
})

test('what is left of a run is a sentence for each stage and one for the whole', () => {
  const state = told([0, started], [1, workers], [2, bytes(400)], [4, { type: 'stage-ended', stage: 1, name: 'count' }])
  expect(state.stages.map(endedText)).toEqual(['count: 40 blocks done in 4.0 s, 400.0 MB at 100.0 MB/s'])
  expect(wholeText(state, 4.25)).toBe('1 pod, 2 threads; 4.3 s in all')
})

test('a run that is cut off from its coordinator says so until it is heard again', () => {
  const cut = 'the link to the coordinator has been cut for 4 s: connect ECONNREFUSED'
  const state = told([0, started], [0, workers], [4, { type: 'link', cut }])
  expect(progressText(state, 5000, 200).split('\n').at(-1)).toBe(`cut off, work goes on meanwhile: ${cut}`)
  expect(progressText(after(state, { type: 'link' }, 6000), 6000, 200)).not.toContain('cut off')
})

test('progressText() says what pods wait for, once that is known', () => {
  const reasons = ['pod run-a: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu']
  const state = told([0, started], [2000, { type: 'waiting', reasons }])
  expect(progressText(state, 3000, 200)).toBe(`waiting for pods: ${reasons[0]}\ncount`)
})
