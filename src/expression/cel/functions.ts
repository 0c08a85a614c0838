import type { CelType } from './cel-type.ts'
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  opaque,
  optionalOf,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from './cel-type.ts'
import type { Value } from './values.ts'

/** One way to call a function. A member's first parameter is what stands before the dot. */
export interface Overload {
  /** Its signature: names it for costs. */
  readonly id: string
  readonly member: boolean
  readonly params: readonly CelType[]
  readonly result: CelType
  run(...args: never[]): Value
}

/** Implementations by signature, such as `string::contains(string) bool` and `size(list<A>) int`. */
export type Library = Readonly<Record<string, (...args: never[]) => Value>>

/** All overloads of an environment by the function's name. */
export type Functions = ReadonlyMap<string, readonly Overload[]>

export function functionsOf(libraries: readonly Library[]): Functions {
  const functions = new Map<string, Overload[]>()
  for (const library of libraries) {
    for (const [signature, run] of Object.entries(library)) {
      const { name, ...overload } = parseSignature(signature, run)
      const known = functions.get(name)
      if (known === undefined) functions.set(name, [overload])
      else known.push(overload)
    }
  }
  return functions
}

/** A member's receiver stands before two colons: `net.IP::family() int`. */
function parseSignature(signature: string, run: (...args: never[]) => Value): Overload & { readonly name: string } {
  const match = /^(?:(.+?)::)?([^()]+)\((.*)\) (.+)$/.exec(signature)
  if (match === null) throw new Error(`The signature "${signature}" cannot be read`)
  const [, receiver, name = '', params = '', result = ''] = match
  const types = splitTypes(params).map(parseType)
  const member = receiver !== undefined
  return {
    id: signature,
    name,
    member,
    params: member ? [parseType(receiver), ...types] : types,
    result: parseType(result),
    run,
  }
}

const NAMED: Readonly<Record<string, CelType>> = {
  dyn: DYN,
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  null: NULL,
  timestamp: TIMESTAMP,
  duration: DURATION,
  type: TYPE,
}

function parseType(text: string): CelType {
  const generic = /^(list|map|optional)<(.*)>$/.exec(text)
  if (generic !== null) {
    const [first = DYN, second = DYN] = splitTypes(generic[2] ?? '').map(parseType)
    if (generic[1] === 'list') return listOf(first)
    return generic[1] === 'map' ? mapOf(first, second) : optionalOf(first)
  }
  if (/^[A-Z]$/.test(text)) return { kind: 'parameter', name: text }
  return NAMED[text] ?? opaque(text)
}

/** Splits at commas that are not within angle brackets. */
function splitTypes(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let current = ''
  for (const character of text.replaceAll(' ', '')) {
    if (character === '<') depth++
    if (character === '>') depth--
    if (character === ',' && depth === 0) {
      parts.push(current)
      current = ''
    } else current += character
  }
  if (current !== '') parts.push(current)
  return parts
}
