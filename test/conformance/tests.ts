import { readFileSync } from 'node:fs'

/** One test of the suite, with the first step of the project that it needs. */
export interface ConformanceTest {
  readonly step: string
  readonly name: string
}

const list = new URL('tests.txt', import.meta.url)

/** The listed tests, in the order of their steps. */
export function readTests(): readonly ConformanceTest[] {
  return readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [step = '', name = ''] = line.split('\t')
      return { step, name: name.trim() }
    })
}

/** Tests that change what others see (taints, preemption, whole-cluster counts) run alone, as upstream has them. */
export const isSerial = ({ name }: ConformanceTest): boolean => name.includes('[Serial]')

/** Tests that wait for minutes by their nature, or are not steady under load: samples go without them. */
const LEFT_OUT = [/\[Slow\]/, /CronJob/, /should not be very high/, /StatefulSet/]

export const isQuick = ({ name }: ConformanceTest): boolean => !LEFT_OUT.some((pattern) => pattern.test(name))

/** Every so many-th of `tests`, starting where `day` says: over the days all have their turn. */
export function sample(tests: readonly ConformanceTest[], day: number, most: number): readonly ConformanceTest[] {
  const stride = Math.max(1, Math.ceil(tests.length / most))
  return tests.filter((_, i) => i % stride === day % stride)
}

/** A regular expression, in Go's syntax, that matches just these tests. */
export function focusOf(tests: readonly ConformanceTest[]): string {
  return tests.map(({ name }) => `(?:${name.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&')}$)`).join('|')
}
