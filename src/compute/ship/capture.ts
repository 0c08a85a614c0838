import { types } from 'node:util'
import type { Captured, Cell, CodeReference, Reference } from '../wire/captured.ts'
import type { ShippedCode } from '../wire/shipped.ts'
import { TEST_RUNNER_IMPORT } from './analyse.ts'
import { refusal } from './capture-state.ts'
import type { Place, ValueState } from './capture-state.ts'
import { copyInto } from './copy-value.ts'
import { describeFunction } from './describe.ts'
import { hostValueOf } from './host-values.ts'
import { importTarget } from './imports.ts'
import type { Inspector } from './inspect.ts'
import { builtinValue, knownValue } from './known-values.ts'
import { perWorkerMarker } from './per-worker.ts'
import { registered } from './registry.ts'
import { ShipError } from './ship-error.ts'
import type { Registered } from './registry.ts'
import type { FreeVariable, SourceFile } from './site.ts'
import { functionCode, IMPORT, IMPORT_META } from './source-text.ts'
import { checkSyntax } from './syntax-check.ts'

/** A package to be bundled, and its place among the codes. */
export interface WantedPackage {
  readonly code: number
  readonly specifier: string
  readonly place: Place
}

/** All that was captured, copied, with every code but those of packages. There is no `root` where Node itself has it. */
export interface Capture {
  readonly captured: Captured
  readonly code: readonly (ShippedCode | undefined)[]
  readonly packages: readonly WantedPackage[]
  readonly root: Registered | undefined
}

/** A variable that functions share, with the first function and index under which it was met. */
interface KnownCell {
  readonly value: unknown
  readonly cell: Cell
  readonly found: Registered
  readonly index: number
}

interface State extends ValueState {
  readonly inspector: Inspector
  readonly indices: Map<object, number>
  readonly code: (ShippedCode | undefined)[]
  readonly codes: Map<string, number>
  readonly packages: WantedPackage[]
  readonly cells: Map<string, KnownCell[]>
  /** Functions whose variables are still to be read: a queue, so that long chains of functions need no deep stack. */
  readonly pending: (() => void)[]
}

/** Copies what `fn` captures, and what that captures, as it is now. Throws a `ShipError` naming what cannot travel. */
export function capture(fn: object, inspector: Inspector): Capture {
  const state: State = {
    inspector,
    references: [],
    patches: [],
    copies: new Map(),
    indices: new Map(),
    code: [],
    codes: new Map(),
    packages: [],
    cells: new Map(),
    pending: [],
    refer: (value, place) => refer(value, place, state),
  }
  const name = (fn as { readonly name: string }).name || 'function'
  const place = { name, source: undefined, offset: 0 }
  const root = locate(fn, place, state)
  const isOurs = 'site' in root
  if (isOurs) addFunction(fn, root, place, state)
  else add(state, root, fn)
  for (let next = state.pending.shift(); next; next = state.pending.shift()) next()
  const { references, patches, code, packages } = state
  return { captured: { references, patches }, code, packages, root: isOurs ? root : undefined }
}

function add(state: State, reference: Reference, value?: object): number {
  const index = state.references.push(reference) - 1
  if (value) state.indices.set(value, index)
  return index
}

function refer(value: object, place: Place, state: State): number | undefined {
  const known = state.indices.get(value)
  if (known !== undefined) return known
  const host = hostValueOf(value)
  if (host !== undefined) {
    host.onCaptured?.()
    return add(state, { kind: 'host', name: host.name, id: host.id }, value)
  }
  if (typeof value === 'function') return referFunction(value, place, state)
  if (value instanceof URL) return add(state, { kind: 'url', text: value.href }, value)
  if (value instanceof URLSearchParams) return add(state, { kind: 'search-params', text: String(value) }, value)
  const reference = knownValue(value)
  return reference && add(state, reference, value)
}

function referFunction(value: object, place: Place, state: State): number {
  const marker = perWorkerMarker(value)
  if (marker) {
    const index = add(state, { kind: 'per-worker', id: marker.id, open: -1 }, value)
    const open = state.refer(marker.open, place) as number
    state.references[index] = { kind: 'per-worker', id: marker.id, open }
    return index
  }
  const found = locate(value, place, state)
  return 'site' in found ? addFunction(value, found, place, state) : add(state, found, value)
}

/** The function in the user's source, or the name by which every Node knows it. */
function locate(value: object, place: Place, state: State): Registered | Reference {
  const found = registered(value) ?? knownValue(value) ?? state.inspector.find(value)
  if (found && !('foreign' in found)) return found
  const builtin = found && builtinValue(value)
  if (builtin) return builtin
  throw refuseFunction(value, place)
}

function refuseFunction(value: object, place: Place): Error {
  const { what, hint } = describeFunction(value)
  return refusal('SHIP_SOURCE', place, `it is ${what}`, hint)
}

function addFunction(value: object, found: Registered, place: Place, state: State): number {
  checkSyntax(found, place)
  const own = found.site.kind === 'class' ? staticsOf(value) : { ...value }
  const reference: CodeReference = {
    kind: 'code',
    code: addCode(functionCode(found.source, found.site), state),
    isClass: found.site.kind === 'class',
    values: {},
    ...(found.site.free.some((variable) => variable.isShared) ? { cells: {} } : {}),
    ...(Object.keys(own).length > 0 ? { own: {} } : {}),
  }
  const index = add(state, reference, value)
  state.pending.push(() => fill(reference, found, own, state))
  return index
}

/**
 * The static fields of a class as they are now: its text, evaluated again on the worker, may give others. Functions among
 * them are left to the text.
 */
const staticsOf = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => typeof field !== 'function'))

function addCode(code: ShippedCode, state: State): number {
  let index = state.codes.get(code.hash)
  if (index === undefined) state.codes.set(code.hash, (index = state.code.push(code) - 1))
  return index
}

function addPackage(specifier: string, place: Place, state: State): number {
  const key = `${specifier}\n${place.source?.file}`
  let index = state.codes.get(key)
  if (index !== undefined) return index
  state.codes.set(key, (index = state.code.push(undefined) - 1))
  state.packages.push({ code: index, specifier, place })
  return index
}

/** Reads and copies the variables of one function, its `this` and the properties put on it. */
function fill(reference: CodeReference, found: Registered, own: object, state: State): void {
  const { site, source } = found
  site.free.forEach((variable, index) => {
    if (variable.name === TEST_RUNNER_IMPORT && site.dynamicImports.length > 0) return
    const place = { name: variable.name, source, offset: variable.used }
    const to = importedReference(variable.imported, source, place, state)
    if (to !== undefined) state.patches.push({ kind: 'property', holder: reference.values, key: variable.name, to })
    else if (variable.isShared) addCell(reference, found, index, place, state)
    else copyVariable(reference.values, variable.name, readVariable(found, index, place), place, state)
  })
  if (site.dynamicImports.length > 0) addLoader(reference, found, state)
  if (site.importMeta.length > 0) reference.values[IMPORT_META] = importMeta(source)
  const place = { name: 'this', source, offset: site.start }
  if (site.usesThis) copyInto(reference, 'self', readThis(found, place), place, state)
  for (const [key, value] of Object.entries(own))
    copyOwn(reference, key, value, { ...place, name: `${site.name}.${key}` }, state)
}

/** A static field that cannot travel is what the text of its class makes it on the worker. */
function copyOwn(reference: CodeReference, key: string, value: unknown, place: Place, state: State): void {
  const own = reference.own as Record<string, unknown>
  const patched = state.patches.length
  try {
    copyInto(own, key, value, place, state)
  } catch (error) {
    if (!reference.isClass || !(error instanceof ShipError)) throw error
    delete own[key]
    state.patches.length = patched
  }
}

/**
 * Functions that use the same variable share its cell. Two calls of one outer function make two variables of one
 * declaration: these are told apart by assigning one and reading the other. Where that cannot be, which is where the
 * inspector found the functions, they are told apart by their values, being equal they are taken for one.
 */
function addCell(holder: CodeReference, found: Registered, index: number, place: Place, state: State): void {
  const variable = found.site.free[index]!
  const value = readVariable(found, index, place)
  const key = `${place.source?.url}\n${variable.declared}`
  const list = state.cells.get(key) ?? []
  state.cells.set(key, list)
  const known = list.find((item) => Object.is(item.value, value) && isSameVariable(item, found, index))
  const cell: Cell = known?.cell ?? { value: undefined }
  ;(holder.cells as Record<string, Cell>)[variable.name] = cell
  if (known) return
  list.push({ value, cell, found, index })
  copyVariable(cell, 'value', value, place, state)
}

function isSameVariable(known: KnownCell, found: Registered, index: number): boolean {
  if (!known.found.write || !found.write) return true
  const mark = {}
  const value = known.found.read(known.index)
  try {
    known.found.write(known.index, mark)
  } catch {
    return true
  }
  const isSame = found.read(index) === mark
  known.found.write(known.index, value)
  return isSame
}

/** Copies the value of a variable; one that is nested too deeply for the engine's stack is refused by its name. */
function copyVariable(holder: object, key: string, value: unknown, place: Place, state: State): void {
  try {
    copyInto(holder, key, value, place, state)
  } catch (error) {
    if (!isStackOverflow(error)) throw error
    throw refuseDepth(place, error)
  }
}

const isStackOverflow = (error: unknown): boolean => error instanceof RangeError && error.message.includes('call stack')

/** `serialise()`, where it is the one that the stack does not suffice for. */
export function withinStack<T>(root: Capture['root'], name: string, serialise: () => T): T {
  try {
    return serialise()
  } catch (error) {
    if (!isStackOverflow(error)) throw error
    throw refuseDepth({ name: name || 'function', source: root?.source, offset: root?.site.start ?? 0 }, error)
  }
}

const refuseDepth = (place: Place, cause: unknown): Error =>
  refusal(
    'SHIP_VALUE',
    place,
    'it is nested too deeply to be copied',
    'Flatten it, such as into an array.',
    true,
    cause,
  )

function readThis({ site, read }: Registered, place: Place): unknown {
  try {
    return read(site.free.length)
  } catch (error) {
    const hint = 'Run the program with `shoal run`, or put what the function needs of `this` into a variable.'
    throw refusal('SHIP_VALUE', place, 'the engine does not show what it is', hint, true, error)
  }
}

const importMeta = ({ url, file }: SourceFile): object => ({
  url,
  filename: file,
  dirname: file.replace(/[/\\][^/\\]*$/, ''),
  main: false,
})

/** Sends the modules along that the function imports dynamically. */
function addLoader(holder: CodeReference, { site, source }: Registered, state: State): void {
  const modules: Record<string, number> = {}
  for (const { at, specifier } of site.dynamicImports) {
    const place = { name: specifier, source, offset: at < 0 ? site.start : at }
    const to = importedReference({ specifier, name: '*' }, source, place, state)
    if (to !== undefined) modules[specifier] = to
  }
  const to = add(state, { kind: 'loader', modules })
  const key = site.dynamicImports[0]?.at === -1 ? TEST_RUNNER_IMPORT : IMPORT
  state.patches.push({ kind: 'property', holder: holder.values, key, to })
}

function importedReference(
  imported: FreeVariable['imported'],
  source: SourceFile,
  place: Place,
  state: State,
): number | undefined {
  if (!imported) return undefined
  const { specifier, name } = imported
  // Our own entry is no package to be bundled: what is used of it is known to workers, or refused by its name.
  if (specifier === 'shoal') return undefined
  const target = importTarget(specifier, source.file)
  if (target === 'user') return undefined
  return target === 'builtin'
    ? add(state, { kind: 'builtin', module: specifier, name })
    : add(state, { kind: 'package', code: addPackage(specifier, place, state), name })
}

/** A global that this process lacks is undefined on the worker; of a namespace only what is used is read. */
function readVariable(found: Registered, index: number, place: Place): unknown {
  const { name, members } = found.site.free[index]!
  let value: unknown
  try {
    value = found.read(index)
  } catch (error) {
    if (!/before initialization|is not initialised/.test((error as Error).message)) return undefined
    const hint = 'Send the function after the line that declares the variable has run.'
    throw refusal('SHIP_VALUE', place, 'it is not initialised yet', hint, true, error)
  }
  if (!members || !(name === TEST_RUNNER_META || isNamespace(value))) return value
  return Object.fromEntries(members.map((member) => [member, (value as Record<string, unknown>)[member]]))
}

/** What a test runner makes of `import.meta`: an object with much more in it than is used. */
const TEST_RUNNER_META = '__vite_ssr_import_meta__'

/** A module's namespace, or what a test runner makes of one. */
const isNamespace = (value: unknown): value is Record<string, unknown> =>
  types.isModuleNamespaceObject(value) ||
  (typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Module]')
