import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Outcome } from './fixtures/travel.ts'
import { travel } from './fixtures/travel.ts'

const run = promisify(execFile)
const MAIN = new URL('./fixtures/main.ts', import.meta.url).pathname
const EVERYWHERE = ['closures', 'kinds', 'values', 'imports', 'per-worker', 'common-js'] as const

const comparable = (outcomes: readonly Outcome[], key: 'actual' | 'expected'): unknown =>
  Object.fromEntries(outcomes.map((outcome) => [outcome.title, outcome[key]]))

async function expectTravel(mode: string, fixture: string): Promise<void> {
  const { stdout } = await run(process.execPath, [MAIN, mode, fixture])
  const outcomes = JSON.parse(stdout) as readonly Outcome[]
  expect(outcomes.length).toBeGreaterThan(0)
  expect(comparable(outcomes, 'actual')).toEqual(comparable(outcomes, 'expected'))
}

describe('functions travel through the module hook', () => {
  test.each(EVERYWHERE)('fixtures/%s.ts', (fixture) => expectTravel('hook', fixture))
  test('an arrow takes the outer this with it', () => expectTravel('hook', 'this'))
  test('each call of a factory has variables of its own', () => expectTravel('hook', 'factories'))
  test('what cannot travel is named with its path and place', () => expectTravel('hook', 'refused'))
})

describe('functions travel through the inspector', () => {
  test.each(EVERYWHERE)('fixtures/%s.ts', (fixture) => expectTravel('inspector', fixture))
  test('what cannot travel is named with its path and place', () => expectTravel('inspector', 'refused'))
})

describe('functions travel from a test runner, whose modules are not what is on disk', () => {
  test.each(EVERYWHERE)('fixtures/%s.ts', async (fixture) => {
    const { cases } = await import(`./fixtures/${fixture}.ts`)
    const outcomes = await travel(cases)
    expect(comparable(outcomes, 'actual')).toEqual(comparable(outcomes, 'expected'))
  })

  test('an arrow that uses the outer this is refused with the way out', async () => {
    const { cases } = await import('./fixtures/this.ts')
    const [outcome] = await travel(cases)
    expect(outcome?.actual).toMatch(
      /^Cannot send "this" to a worker: the engine does not show what it is, captured at /,
    )
  })
})
