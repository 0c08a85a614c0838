import type { Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import { analyse } from './analyse.ts'
import { parse } from './parse.ts'
import { offsetOf } from './position.ts'
import { moduleAt } from './registry.ts'
import type { Registered } from './registry.ts'
import type { Site, SourceFile } from './site.ts'
import { applyInsertions, originalOffset } from './transform.ts'

/** Finds functions that no hook has seen, through the engine's own view of them. */
export interface Inspector {
  /** The function's source and variables; the URL alone where the source is not a user's; nothing for native functions. */
  find(fn: object): Registered | { readonly foreign: string } | undefined
}

interface Remote {
  readonly objectId?: string
  readonly value?: unknown
}
interface Property {
  readonly name: string
  readonly value?: Remote
}
interface Location {
  readonly scriptId: string
  readonly lineNumber: number
  readonly columnNumber: number
}
type Post = (method: string, params?: object) => unknown

/** Values pass between this code and the inspector through this property of the global object, and never stay there. */
const SLOT = Symbol.for('shoal.inspect')
const SLOT_EXPRESSION = "globalThis[Symbol.for('shoal.inspect')]"

/** What is known of the scripts of this thread, by the engine's number for them. */
interface Scripts {
  readonly urls: Map<string, string>
  readonly sources: Map<string, SourceFile>
}
const scripts: Scripts = { urls: new Map(), sources: new Map() }

/**
 * Runs `use` with an inspector of this thread, connected when first needed. It costs 0.2 ms for each function, and 10 to
 * 40 ms whenever scripts are met that were not known: only then is debugging on, and never does it stop at anything.
 */
export function withInspector<T>(use: (inspector: Inspector) => T): T {
  let session: Session | undefined
  let known: Post | undefined
  const connect = (): Post => {
    const inspector = process.getBuiltinModule('node:inspector')
    session = new inspector.Session()
    session.connect()
    session.on('Debugger.scriptParsed', ({ params }) => void scripts.urls.set(params.scriptId, params.url))
    return poster(session)
  }
  try {
    return use({ find: (fn) => find(fn, (known ??= connect())) })
  } finally {
    session?.disconnect()
  }
}

/** In the same thread the inspector answers before `post` returns. */
function poster(session: Session): Post {
  return (method, params) => {
    let failure: Error | null = null
    let answer: unknown
    session.post(method, params, (error: Error | null, result?: object) => {
      failure = error
      answer = result
    })
    if (failure) throw new Error(`The inspector refused ${method}`, { cause: failure })
    return answer
  }
}

function find(fn: object, post: Post): ReturnType<Inspector['find']> {
  const { location, scopes } = engineView(fn, post)
  if (!location) return undefined
  const found = scriptOf(location.scriptId, post)
  if (typeof found === 'string') return { foreign: found }
  const { source, text } = found
  const at = offsetOf({ text }, location.lineNumber + 1, location.columnNumber + 1)
  const isClass = /^class\b/.test(Function.prototype.toString.call(fn))
  const site = siteAt(source, originalOffset(source.insertions, at), isClass)
  return site && { source, site, read: (index) => readScopes(scopes, site, index) }
}

/** The innermost function, or class, whose text contains the place that the engine names. */
function siteAt(source: SourceFile, offset: number, isClass: boolean): Site | undefined {
  return source.sites.findLast(
    (site) => site.start <= offset && offset < site.end && (site.kind === 'class') === isClass,
  )
}

function readScopes(scopes: readonly Record<string, unknown>[], site: Site, index: number): unknown {
  const name = site.free[index]?.name
  if (name === undefined) throw new Error('The engine does not show what `this` is')
  for (const scope of scopes) if (name in scope) return scope[name]
  throw new ReferenceError(`${name} is not initialised`)
}

interface EngineView {
  readonly location: Location | undefined
  readonly scopes: readonly Record<string, unknown>[]
}

function engineView(fn: object, post: Post): EngineView {
  const slot = globalThis as unknown as Record<symbol, unknown>
  try {
    slot[SLOT] = fn
    const { result } = post('Runtime.evaluate', { expression: SLOT_EXPRESSION }) as { result: Remote }
    const { internalProperties = [] } = post('Runtime.getProperties', {
      objectId: result.objectId,
      ownProperties: true,
    }) as { internalProperties?: readonly Property[] }
    const inner = (name: string): Remote | undefined => internalProperties.find((item) => item.name === name)?.value
    const scopes = inner('[[Scopes]]')?.objectId
    if (scopes === undefined) return { location: undefined, scopes: [] }
    slot[SLOT] = []
    const functionDeclaration = `function () { ${SLOT_EXPRESSION} = Array.from(this, (scope) => scope) }`
    post('Runtime.callFunctionOn', { objectId: scopes, functionDeclaration })
    const list = slot[SLOT] as readonly { readonly description: string; readonly object: Record<string, unknown> }[]
    return {
      location: inner('[[FunctionLocation]]')?.value as Location | undefined,
      scopes: list.filter((scope) => scope.description !== 'Global').map((scope) => scope.object),
    }
  } finally {
    delete slot[SLOT]
  }
}

/** The source of a script and the text that runs, or its URL alone where it is none of the user's. */
function scriptOf(scriptId: string, post: Post): { readonly source: SourceFile; readonly text: string } | string {
  const url = scripts.urls.get(scriptId)
  const known = scripts.sources.get(scriptId)
  if (known) return { source: known, text: textThatRuns(known) }
  if (url !== undefined && isForeign(url)) return url
  post('Debugger.enable')
  post('Debugger.setSkipAllPauses', { skip: true })
  try {
    return readScript(scriptId, scripts.urls.get(scriptId) ?? '', post)
  } finally {
    post('Debugger.disable')
  }
}

const isForeign = (url: string): boolean => url.startsWith('node:')

function readScript(scriptId: string, url: string, post: Post): ReturnType<typeof scriptOf> {
  if (isForeign(url)) return url
  const hooked = moduleAt(url)
  const source = hooked ?? toSource(url, (post('Debugger.getScriptSource', { scriptId }) as Script).scriptSource)
  scripts.sources.set(scriptId, source)
  return { source, text: textThatRuns(source) }
}

interface Script {
  readonly scriptSource: string
}

const textThatRuns = ({ text, insertions }: SourceFile): string =>
  insertions.length > 0 ? applyInsertions(text, insertions) : text

/** What Node gives a CommonJS module. */
const COMMON_JS = ['exports', 'require', 'module', '__filename', '__dirname']

/** Without a URL it is code that the program evaluated itself. */
function toSource(url: string, text: string): SourceFile {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url || '<eval>'
  const isFile = url !== file && url !== ''
  const program = parse(file, text, isFile && !/\.c[jt]s$/.test(url) ? 'unambiguous' : 'commonjs')
  const isModule = program['sourceType'] === 'module'
  const sites = analyse(program, isModule ? [] : COMMON_JS).map((place) => place.site)
  return { file, url, text, isStrict: isModule || /^\W*use strict/.test(text), sites, insertions: [] }
}
