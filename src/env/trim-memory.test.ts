import { getHeapSpaceStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import type { Timers } from './clock.ts'
import { trimMemoryWhenIdle } from './trim-memory.ts'

const youngBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.space_size

/** Objects that live for a while make V8 extend its young generation. */
function growYoungGeneration(): void {
  let alive: object[] = []
  for (let i = 0; i < 2_000_000; i++) {
    alive.push({ i, text: `${i}` })
    if (alive.length === 50_000) alive = []
  }
}

function start(utilization: () => number) {
  const looks: (() => void)[] = []
  const after: Timers['after'] = (_, look) => {
    looks.push(look)
    return { cancel: () => {} }
  }
  trimMemoryWhenIdle({ after, soon: () => {} }, { utilization })
  return () => looks.pop()!()
}

test('the young generation is given back at a look that finds the process idle, and not while it is busy', () => {
  let utilization = 0.5
  const look = start(() => utilization)
  growYoungGeneration()
  const grown = youngBytes()
  expect(grown).toBeGreaterThan(16e6)
  look()
  expect(youngBytes()).toBeGreaterThanOrEqual(grown)
  utilization = 0
  look()
  expect(youngBytes()).toBeLessThan(4e6)
})
