import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { addModule, moduleKey } from './registry.ts'
import { sourceMapComment } from './source-map.ts'
import { applyInsertions, transform } from './transform.ts'
import { withTransformCache } from './transform-cache.ts'
import type { PreparedModule } from './transform-cache.ts'
import { ownModule } from '../../env/own-module.ts'

export interface HookOptions {
  /** Says whether the module at this file URL is the user's. Default: every file outside `node_modules` and of Shoal's own. */
  readonly isUserModule?: (url: string) => boolean
  /** Transformed modules are kept here between runs. Without it every start parses them anew. */
  readonly cacheDirectory?: string
}

/** What transformed modules import. */
export const REGISTRY_URL = ownModule(import.meta.url, './registry').href
const OWN_SOURCES = new URL('../../', import.meta.url).href

/**
 * From now on modules of the user are transformed when loaded, so that their functions can travel without the inspector.
 * Call it before the user's program is imported. Stacks keep their positions through source maps, which it switches on.
 */
export function installHook(options: HookOptions = {}): Disposable {
  const isUserModule = options.isUserModule ?? isUserFile
  module.setSourceMapsSupport(true, { nodeModules: false, generatedCode: false })
  const hooks = module.registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const isTypeScript = loaded.format === 'module-typescript'
      if ((!isTypeScript && loaded.format !== 'module') || !isUserModule(url) || !loaded.source) return loaded
      const text =
        typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString()
      const prepared = withTransformCache(options.cacheDirectory, [REGISTRY_URL, url, text], () =>
        prepare(url, text, isTypeScript),
      )
      if (prepared.source.sites.length > 0) addModule(prepared.source)
      return { ...loaded, format: 'module', source: prepared.output }
    },
  })
  return { [Symbol.dispose]: () => hooks.deregister() }
}

const isUserFile = (url: string): boolean =>
  url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(OWN_SOURCES)

/** A module that cannot be parsed is given back as it is: Node then reports the error better than we could. */
export function prepare(url: string, original: string, isTypeScript: boolean): PreparedModule {
  const file = fileURLToPath(url)
  const text = isTypeScript ? stripTypes(original) : original
  const source = { file, url, text, isStrict: true, sites: [], insertions: [] }
  try {
    const { sites, insertions } = transform(file, text, moduleKey(url), REGISTRY_URL)
    if (insertions.length === 0) return { source: { ...source, sites }, output: text }
    const output = applyInsertions(text, insertions) + sourceMapComment(file, text, insertions)
    return { source: { ...source, sites, insertions }, output }
  } catch (error) {
    if (error instanceof SyntaxError) return { source, output: text }
    throw error
  }
}

/** Node's own stripping, which keeps positions. It calls itself experimental once; the program's author did not ask. */
function stripTypes(text: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return module.stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}
