import { expect, test } from 'vitest'
import type { Run } from '../compute/run/run.ts'
import { topText } from './top-text.ts'

const run: Run = {
  apiVersion: 'shoal.dev/v1',
  kind: 'Run',
  metadata: { name: 'nightly', namespace: 'science' },
  spec: { program: 'main.ts', workers: 2 },
  status: {
    phase: 'Running',
    startTime: '2026-11-21T10:00:00Z',
    workers: 2,
    tasks: 120,
    retries: 0,
    losses: 1,
    stages: [{ name: 'map resize', done: 120, tasks: 12, failed: 0, running: 4, waiting: 80, busyMs: 61_500 }],
    pods: [
      {
        pod: 'nightly-a',
        node: 'node1',
        threads: 2,
        busy: 2,
        isDraining: true,
        memoryBytes: 64e6,
        diskBytes: 0,
        cpuMs: 30_250,
      },
    ],
  },
}

test('a run shows what it is, what its stages are at, and how its workers are', () => {
  expect(topText([run], Date.parse('2026-11-21T10:01:10Z'))).toBe(
    [
      'science/nightly  main.ts  Running, 70.0 s  2 workers, 120 done, 1 lost',
      '  STAGE       DONE  RUNNING  WAITING  FAILED  BUSY',
      '  map resize  120   4        80       0       61.5 s',
      '  WORKER               NODE   THREADS  CPU     MEMORY   DISK',
      '  nightly-a (leaving)  node1  2/2      30.3 s  64.0 MB  0 kB',
      '',
    ].join('\n'),
  )
})

test('where nothing runs, that is said', () => {
  expect(topText([], 0)).toBe('no run is under way\n')
})
