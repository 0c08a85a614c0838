import { readFileSync, writeFileSync } from 'node:fs'
import type { TestResult } from './suite.ts'

const page = new URL('../../docs/conformance.md', import.meta.url)

const HEADING = `# Conformance

Written by \`npm run conformance -- --step STEP --write\`, never by hand. Tests of the conformance suite of Kubernetes 1.34, grouped
by the capability that each needs first, run unchanged against \`bin/shoal up\` with two nodes.
`

/** A line for a person: what passed, how long it took, and of a failure what the suite says. */
export function lineOf({ test, passed, seconds, failure }: TestResult): string {
  const line = `${passed ? 'ok  ' : 'FAIL'} ${test.step} ${test.name} (${seconds.toFixed(1)} s)`
  return failure === undefined ? line : `${line}\n    ${failure.trim().replaceAll('\n', '\n    ')}`
}

/** Puts the results of whole steps into the page and leaves the sections of other steps as they were. */
export function writeResults(results: readonly TestResult[], runtime: string): void {
  const sections = readSections()
  for (const [step, of] of Object.entries(Object.groupBy(results, ({ test }) => test.step))) {
    sections.set(step, sectionOf(of ?? [], runtime))
  }
  const sorted = [...sections].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  writeFileSync(page, [HEADING, ...sorted.map(([step, text]) => `## ${step}\n\n${text}`)].join('\n'))
}

function sectionOf(results: readonly TestResult[], runtime: string): string {
  const passed = results.filter((result) => result.passed).length
  const lines = results.map(({ test, passed }) => `- ${passed ? 'passed' : '**failed**'}: ${test.name}`)
  return `${passed} passed, ${results.length - passed} failed (runtime ${runtime}).\n\n${lines.join('\n')}\n`
}

function readSections(): Map<string, string> {
  try {
    const [, ...sections] = readFileSync(page, 'utf8').split(/^## /m)
    return new Map(
      sections.map((section) => {
        const [step = '', ...rest] = section.split('\n\n')
        return [step.trim(), `${rest.join('\n\n').trimEnd()}\n`]
      }),
    )
  } catch {
    return new Map()
  }
}
