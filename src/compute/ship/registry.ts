import type { Site, SourceFile } from './site.ts'

/** Reads the current value of the n-th free variable of a function. Throws where it is not initialised yet. */
export type ReadVariable = (index: number) => unknown

/** Assigns the n-th free variable of a function, one that functions share. Throws where it is constant. */
export type WriteVariable = (index: number, value: unknown) => void

/** A function with the place where it was made and a way to its variables. */
export interface Registered {
  readonly source: SourceFile
  readonly site: Site
  readonly read: ReadVariable
  /** Absent where the inspector found it, which cannot write, and where it shares no variable. */
  readonly write?: WriteVariable | undefined
}

/**
 * The functions that the module hook has seen being made. Code that the hook has transformed imports this module, so it
 * imports nothing itself and is evaluated before any user's module.
 */
const modules = new Map<string, SourceFile>()
const functions = new WeakMap<
  object,
  readonly [module: string, site: number, read: ReadVariable, write: WriteVariable | undefined]
>()

/** The name of a module in transformed code: short, and the same in every run. */
export function moduleKey(url: string): string {
  let hash = 0xcbf29ce484222325n
  for (const char of url) hash = BigInt.asUintN(64, (hash ^ BigInt(char.codePointAt(0) ?? 0)) * 0x100000001b3n)
  return hash.toString(36)
}

/** Makes a module's sites known, under `moduleKey` of its URL. */
export const addModule = (source: SourceFile): void => void modules.set(moduleKey(source.url), source)

/** Called by transformed code for each function made; gives the function back. */
export function register<F extends object>(
  module: string,
  site: number,
  fn: F,
  read: ReadVariable,
  write?: WriteVariable,
): F {
  functions.set(fn, [module, site, read, write])
  return fn
}

export function registered(fn: object): Registered | undefined {
  const entry = functions.get(fn)
  if (!entry) return undefined
  const source = modules.get(entry[0])
  const site = source?.sites[entry[1]]
  return source && site && { source, site, read: entry[2], write: entry[3] }
}

/** The module loaded from this URL. */
export const moduleAt = (url: string): SourceFile | undefined => modules.get(moduleKey(url))
