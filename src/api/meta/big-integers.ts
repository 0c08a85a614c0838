/**
 * Integers that a double cannot hold, as bigints: read from JSON exactly and written as they were. Kubernetes keeps those of
 * 64 bits; larger ones are doubles there, and here.
 */

let written = 0

interface RawJson {
  rawJSON(text: string): unknown
}

// Whoever encodes an object need not know that one of its numbers is a bigint, which JSON.stringify would refuse.
// oxlint-disable-next-line no-extend-native
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint) {
    written++
    return (JSON as unknown as RawJson).rawJSON(this.toString())
  },
  configurable: true,
  writable: true,
})

const INTEGER = /^-?\d+$/

/** A number as a client wrote it, where its text says more than a double would: Go's decoder reads texts. */
export class WrittenNumber {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get text(): string {
    return this.#text
  }

  /** The integer that it is written as, where 64 bits hold it: a bigint where a double does not. `1.0` and `1e2` are none. */
  get integer(): number | bigint | undefined {
    if (!INTEGER.test(this.#text)) return undefined
    const integer = BigInt(this.#text)
    return BigInt.asIntN(64, integer) === integer ? exactInteger(integer) : undefined
  }

  /** What it is where no type is asked for. */
  get plain(): number | bigint {
    return this.integer ?? Number(this.#text)
  }

  toJSON(): unknown {
    return this.plain
  }
}

/** A double where that is exact. */
export function exactInteger(integer: bigint): number | bigint {
  const double = Number(integer)
  return Number.isSafeInteger(double) ? double : integer
}

/** `JSON.parse` that keeps the texts of integers that no double holds, of fractions and of exponents. */
export function parseWrittenJson(text: string): unknown {
  const written = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = typeof value === 'number' ? (context?.source ?? '') : ''
    if (source === '' || (INTEGER.test(source) && Number.isSafeInteger(value))) return value
    return new WrittenNumber(source)
  }
  return JSON.parse(text, written as (key: string, value: unknown) => unknown)
}

/** `JSON.parse` that rounds no integer of 64 bits. Several times slower: for texts that are known to have large ones. */
export function parseExactJson(text: string): unknown {
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
    const source = context?.source ?? ''
    if (!INTEGER.test(source)) return value
    const integer = BigInt(source)
    return BigInt.asIntN(64, integer) === integer ? integer : value
  }
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown)
}

/** JSON that says whether it has to be read exactly, by a space before it. */
export function markedJson(value: unknown): string {
  const before = written
  const text = JSON.stringify(value)
  return written === before ? text : ` ${text}`
}

/** Reads what {@link markedJson} wrote. */
export const readMarkedJson = (text: string): unknown =>
  text.startsWith(' ') ? parseExactJson(text) : JSON.parse(text)
