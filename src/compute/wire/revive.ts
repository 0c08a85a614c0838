import v8 from 'node:v8'
import vm from 'node:vm'
import type { Captured, Cell, CodeReference, Patch, Reference } from './captured.ts'
import type { Reviver, ShippedCode, ShippedFunction } from './shipped.ts'

type AnyFunction = (...args: never[]) => unknown

/** What the script of a function gives: see `functionCode` on the driver's side. */
interface Made {
  set(values: Record<string, unknown>): void
  make(this: unknown, shared: object): object
}

/** How many revived functions are kept, the least recently used leaving first. */
const KEPT_FUNCTIONS = 1000

/** What stands on this thread for something of the session. */
export type HostValue = (name: string, id: string) => unknown

const noHost: HostValue = (name) => {
  throw new Error(`Cannot revive a function: it captures the ${name} of a session, and there is none here`)
}

/** Brings functions to life on a worker thread. Needs nothing but Node, so that the worker program can contain it. */
export function createReviver(hostValue: HostValue = noHost): Reviver {
  const code = new Map<string, ShippedCode>()
  const factories = new Map<string, () => Made>()
  const packages = new Map<string, object>()
  const opened = new Map<string, { readonly value: unknown }>()
  const revived = new Map<string, AnyFunction>()

  const codeOf = (hash: string): ShippedCode => {
    const found = code.get(hash)
    if (!found) throw new Error(`Cannot revive a function: its code ${hash} was not sent`)
    return found
  }
  const factory = (hash: string): (() => Made) => {
    let made = factories.get(hash)
    if (!made) factories.set(hash, (made = compile(codeOf(hash)) as () => Made))
    return made
  }
  const loadPackage = (hash: string): object => {
    let loaded = packages.get(hash)
    if (!loaded) packages.set(hash, (loaded = evaluatePackage(codeOf(hash))))
    return loaded
  }
  const perWorker = (id: string, open: AnyFunction): AnyFunction => {
    return () => {
      let made = opened.get(id)
      if (!made) opened.set(id, (made = { value: open() }))
      return made.value
    }
  }

  return {
    has: (hash) => code.has(hash),
    addCode: (piece) => void code.set(piece.hash, piece),
    revive(shipped) {
      const known = revived.get(shipped.id)
      if (known) revived.delete(shipped.id)
      const fn = known ?? assemble(shipped, { factory, loadPackage, perWorker, hostValue })
      revived.set(shipped.id, fn)
      if (revived.size > KEPT_FUNCTIONS) revived.delete(revived.keys().next().value as string)
      return fn
    },
  }
}

interface Loaders {
  factory(hash: string): () => Made
  loadPackage(hash: string): object
  perWorker(id: string, open: AnyFunction): AnyFunction
  readonly hostValue: HostValue
}

/**
 * Functions are made before what they capture is complete, since they may capture each other. A class is evaluated at
 * once (its base, its static fields), so it is made only after whatever its own variables reach.
 */
function assemble(shipped: ShippedFunction, loaders: Loaders): AnyFunction {
  const { references, patches } = v8.deserialize(shipped.captured) as Captured
  const hashOf = (index: number): string => shipped.code[index] as string
  const values: unknown[] = Array.from({ length: references.length })
  const made = new Map<CodeReference, Made>()

  const makeCode = (reference: CodeReference, index: number): void => {
    const parts = loaders.factory(hashOf(reference.code))()
    parts.set(reference.values)
    const fn = parts.make.call(reference.self, scopeOf(reference.cells ?? {}))
    if (reference.own) Object.assign(fn, reference.own)
    made.set(reference, parts)
    values[index] = fn
  }
  const connect = (): void => {
    patchAll(patches, values)
    for (const [reference, parts] of made) {
      parts.set(reference.values)
      if (reference.own) Object.assign(values[references.indexOf(reference)] as object, reference.own)
    }
  }

  references.forEach((reference, index) => {
    if (reference.kind !== 'code') values[index] = load(reference, hashOf, loaders, values)
  })
  patchAll(patches, values)
  references.forEach((reference, index) => {
    if (reference.kind === 'code' && !reference.isClass) makeCode(reference, index)
  })
  connect()
  const cells = cellsOf(references).map((cell) => [cell, cell.value] as const)
  for (const index of classOrder(references, patches)) {
    makeCode(references[index] as CodeReference, index)
    // Static fields are worked out again with it, which may assign variables: they are as they were when captured.
    for (const [cell, value] of cells) cell.value = value
    connect()
  }
  return values[0] as AnyFunction
}

const cellsOf = (references: readonly Reference[]): readonly Cell[] =>
  references.flatMap((reference) => (reference.kind === 'code' ? Object.values(reference.cells ?? {}) : []))

/** An object whose properties are the variables that functions share. */
function scopeOf(cells: Readonly<Record<string, Cell>>): object {
  const scope = Object.create(null) as object
  for (const [name, cell] of Object.entries(cells)) {
    const assign = (value: unknown): unknown => (cell.value = value)
    Object.defineProperty(scope, name, { get: () => cell.value, set: assign })
  }
  return scope
}

function load(
  reference: Exclude<Reference, CodeReference>,
  hashOf: (code: number) => string,
  loaders: Loaders,
  values: readonly unknown[],
): unknown {
  switch (reference.kind) {
    case 'per-worker':
      return loaders.perWorker(reference.id, () => (values[reference.open] as AnyFunction)())
    case 'host':
      return loaders.hostValue(reference.name, reference.id)
    case 'global':
      return reference.path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], globalThis)
    case 'builtin':
      return exportOf(builtin(reference.module), reference.name)
    case 'package': {
      const all = loaders.loadPackage(hashOf(reference.code)) as Record<string, unknown>
      return reference.name === '*' ? all : all[reference.name]
    }
    case 'loader':
      return async (specifier: string) => {
        const index = reference.modules[specifier]
        if (index === undefined) throw new Error(`Cannot import "${specifier}" on a worker: it was not sent`)
        return values[index]
      }
    case 'url':
      return new URL(reference.text)
    case 'search-params':
      return new URLSearchParams(reference.text)
    case 'symbol':
      return Symbol.for(reference.text)
  }
}

function patchAll(patches: readonly Patch[], values: readonly unknown[]): void {
  for (const patch of patches) {
    if (patch.kind === 'property') {
      Object.defineProperty(patch.holder, patch.key, {
        value: values[patch.to],
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
  }
  for (const patch of patches) {
    if (patch.kind === 'map') {
      patch.holder.clear()
      for (const [key, value] of patch.entries) patch.holder.set(key, value)
    } else if (patch.kind === 'set') {
      patch.holder.clear()
      for (const member of patch.members) patch.holder.add(member)
    }
  }
}

/** The classes, each after those that its variables reach, directly or through functions. */
function classOrder(references: readonly Reference[], patches: readonly Patch[]): readonly number[] {
  const holders = new Map<object, number[]>()
  for (const patch of patches) {
    if (patch.kind !== 'property') continue
    const list = holders.get(patch.holder)
    if (list) list.push(patch.to)
    else holders.set(patch.holder, [patch.to])
  }
  const seen = new Set<number>()
  const order: number[] = []
  const visit = (index: number): void => {
    const reference = references[index]
    if (reference?.kind !== 'code' || seen.has(index)) return
    seen.add(index)
    for (const next of holders.get(reference.values) ?? []) visit(next)
    if (reference.isClass) order.push(index)
  }
  references.forEach((_, index) => visit(index))
  return order
}

function compile(code: ShippedCode): unknown {
  const script = new vm.Script(code.source, {
    filename: code.file,
    lineOffset: code.lineOffset,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  return script.runInThisContext()
}

function evaluatePackage(code: ShippedCode): object {
  const module = { exports: {} as Record<string, unknown> }
  const run = compile(code) as (require: typeof builtin, module: object, exports: object, file: string) => void
  run(builtin, module, module.exports, code.file)
  return module.exports['all'] as object
}

function builtin(name: string): object {
  const found = process.getBuiltinModule(name)
  if (!found)
    throw new Error(`Cannot load "${name}" on a worker: only Node's own modules are there, expected it bundled`)
  return found
}

function exportOf(module: object, name: string): unknown {
  if (name === 'default') return module
  if (name === '*') return Object.create(module, { default: { value: module, enumerable: true } })
  return (module as Record<string, unknown>)[name]
}
