import type { Site, SourceFile } from './site.ts'

/** Reads the current value of the n-th free variable of a function. Throws where it is not initialised yet. */
export type ReadVariable = (index: number) => unknown

/** A function with the place where it was made and a way to its variables. */
export interface Registered {
  readonly source: SourceFile
  readonly site: Site
  readonly read: ReadVariable
}

/**
 * The functions that the module hook has seen being made. Code that the hook has transformed imports this module, so it
 * imports nothing itself and is evaluated before any user's module.
 */
const modules: SourceFile[] = []
const functions = new WeakMap<object, readonly [module: number, site: number, read: ReadVariable]>()

/** Makes a module's sites known; the answer is the number under which its code registers functions. */
export function addModule(source: SourceFile): number {
  return modules.push(source) - 1
}

/** Called by transformed code for each function made; gives the function back. */
export function register<F extends object>(module: number, site: number, fn: F, read: ReadVariable): F {
  functions.set(fn, [module, site, read])
  return fn
}

export function registered(fn: object): Registered | undefined {
  const entry = functions.get(fn)
  if (!entry) return undefined
  const source = modules[entry[0]]
  const site = source?.sites[entry[1]]
  return source && site && { source, site, read: entry[2] }
}

/** The module loaded from this URL, the newest where there are several. */
export const moduleAt = (url: string): SourceFile | undefined => modules.findLast((module) => module.url === url)
