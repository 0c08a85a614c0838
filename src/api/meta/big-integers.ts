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
