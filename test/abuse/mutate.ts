import { seeded } from '../../src/store/damage-trial.ts'

/** What decoders trip over. */
const TOKENS = [
  '{}',
  '[]',
  '""',
  'null',
  '-1',
  '1e999',
  '0x1F',
  '\u0000',
  '\uFFFD',
  '__proto__',
  'constructor',
  '{"a":',
  '[[[[',
  ']]]]',
  ',,',
  '"\\ud800"',
  '/',
  '~1',
  '~0',
  '-',
  '..',
  '%00',
  '$patch',
  '$setElementOrder/containers',
  '$retainKeys',
  '&a',
  '*a',
  '<<: *a',
  '!!binary',
  '---\n',
  'k8s\0',
  '\xff\xff\xff\xff\x0f',
  '\x0a',
  '\x12\x7f',
  '999999999999999999999',
  '1Ki',
  '1e',
  'E',
  'n',
  '=',
  '!=',
  ' in (',
  ' notin (',
  '!',
  'has(',
  '.map(',
  '"""',
  '\\',
] as const

/** An input of a decoder, and what it was made with. */
export interface Mutant {
  readonly seed: number
  readonly bytes: Buffer
}

/** Inputs that follow from `seed`: one of the corpus, with one to six changes. */
export function* mutants(corpus: readonly Buffer[], seed: number, count: number): Iterable<Mutant> {
  for (let i = 0; i < count; i++) {
    const random = seeded(seed + i)
    let bytes = pick(corpus, random)
    for (let changes = 1 + Math.floor(random() * 6); changes > 0; changes--) bytes = changed(bytes, corpus, random)
    yield { seed: seed + i, bytes }
  }
}

function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)]!
}

function changed(bytes: Buffer, corpus: readonly Buffer[], random: () => number): Buffer {
  const at = Math.floor(random() * (bytes.length + 1))
  const length = Math.floor(random() * random() * 40)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (Math.floor(random() * 7)) {
    case 0:
      return Buffer.concat([before, Buffer.from([Math.floor(random() * 256)]), after.subarray(1)])
    case 1:
      return Buffer.concat([before, after.subarray(length)])
    case 2:
      return Buffer.concat([before, after.subarray(0, length), after.subarray(0, length), after])
    case 3:
      return before
    case 4: {
      const other = pick(corpus, random)
      return Buffer.concat([before, other.subarray(Math.floor(random() * other.length))])
    }
    default:
      return Buffer.concat([
        before,
        Buffer.from(pick(TOKENS, random), 'latin1'),
        after.subarray(random() < 0.5 ? 0 : length),
      ])
  }
}
