import { Session } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import { analyse } from './analyse.ts'
import { parse } from './parse.ts'
import { offsetOf } from './position.ts'
import { moduleAt } from './registry.ts'
import type { Registered } from './registry.ts'
import type { Site, SourceFile } from './site.ts'
import { originalOffset } from './transform.ts'

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

const sources = new Map<string, SourceFile>()

/**
 * Runs `use` with an inspector of this thread. Debugging is on only meanwhile: it costs 10 to 20 ms to switch on in a
 * program of ordinary size, and 0.3 ms for each function. It works where another debugger is attached, too.
 */
export function withInspector<T>(use: (inspector: Inspector) => T): T {
  let session: Session | undefined
  const urls = new Map<string, string>()
  let known: Post | undefined
  const connect = (): Post => {
    session = new Session()
    session.connect()
    session.on('Debugger.scriptParsed', ({ params }) => void urls.set(params.scriptId, params.url))
    const post = poster(session)
    post('Debugger.enable')
    return post
  }
  try {
    return use({ find: (fn) => find(fn, (known ??= connect()), urls) })
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

function find(fn: object, post: Post, urls: ReadonlyMap<string, string>): ReturnType<Inspector['find']> {
  const { location, scopes } = engineView(fn, post)
  if (!location) return undefined
  const url = urls.get(location.scriptId) ?? ''
  if (url.startsWith('node:') || url === '') return { foreign: url }
  const source = sourceOf(location.scriptId, url, post)
  const raw = { text: source.insertions.length > 0 ? scriptText(location.scriptId, post) : source.text }
  const at = offsetOf(raw, location.lineNumber + 1, location.columnNumber + 1)
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

const scriptText = (scriptId: string, post: Post): string =>
  (post('Debugger.getScriptSource', { scriptId }) as { scriptSource: string }).scriptSource

function sourceOf(scriptId: string, url: string, post: Post): SourceFile {
  const hooked = moduleAt(url)
  if (hooked) return hooked
  const known = sources.get(scriptId)
  if (known) return known
  const text = scriptText(scriptId, post)
  const file = url.startsWith('file:') ? fileURLToPath(url) : url
  const isModule = url.startsWith('file:') && !/\.c[jt]s$/.test(url)
  const sites = analyse(parse(file, text, isModule ? 'unambiguous' : 'commonjs')).map((place) => place.site)
  const source = { file, url, text, isStrict: isModule, sites, insertions: [] }
  sources.set(scriptId, source)
  return source
}
