import { builtinModules } from 'node:module'
import type { Reference } from '../wire/captured.ts'

/**
 * Values that every Node has: `JSON.parse`, `console`, `node:path`'s `join`. They travel as names. Looked up by
 * identity, in tables made when first needed.
 */
export function knownValue(value: object): Reference | undefined {
  globals ??= tableOfGlobals()
  const path = globals.get(value)
  return path && { kind: 'global', path }
}

/** A function of one of Node's own modules, whose script the engine names. */
export function builtinValue(value: object): Reference | undefined {
  builtins ??= tableOfBuiltins()
  const found = builtins.get(value)
  return found && { kind: 'builtin', module: found[0], name: found[1] }
}

let globals: Map<unknown, readonly string[]> | undefined
let builtins: Map<unknown, readonly [module: string, name: string]> | undefined

function tableOfGlobals(): Map<unknown, readonly string[]> {
  const table = new Map<unknown, readonly string[]>()
  const add = (holder: object, path: readonly string[], depth: number): void => {
    for (const [key, { value, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (!isObject(value) || table.has(value) || (depth > 0 && key === 'constructor')) continue
      if (depth === 0 && !(key in STANDARD) && (enumerable === true || key.startsWith('_'))) continue
      const inner = [...path, key]
      table.set(value, inner)
      if (depth < 2) add(value, inner, depth + 1)
    }
  }
  add(globalThis, [], 0)
  // Node gives these by getters.
  for (const name of ['process', 'console', 'Buffer', 'globalThis', 'fetch', 'crypto', 'performance'])
    table.set((globalThis as Record<string, unknown>)[name], [name])
  return table
}

/** What is enumerable on the global object was put there by the program, but for these. */
const STANDARD: Record<string, true> = Object.fromEntries(
  (
    'parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI escape unescape eval ' +
    'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask structuredClone ' +
    'fetch atob btoa console'
  )
    .split(' ')
    .map((name) => [name, true]),
)

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

function tableOfBuiltins(): Map<unknown, readonly [string, string]> {
  const table = new Map<unknown, readonly [string, string]>()
  const loaded = (process as unknown as { readonly moduleLoadList: readonly string[] }).moduleLoadList
  for (const name of builtinModules) {
    // A function exists only once its module is loaded; loading others would print warnings of the deprecated ones.
    if (name.startsWith('_') || !loaded.includes(`NativeModule ${name}`)) continue
    const exports = process.getBuiltinModule(name) as Record<string, unknown> | undefined
    if (!isObject(exports)) continue
    table.set(exports, [name, 'default'])
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(exports)))
      if (isObject(value) && !table.has(value)) table.set(value, [name, key])
  }
  return table
}
