import module from 'node:module'
import { pathToFileURL } from 'node:url'
import { cacheDirectory } from '../../connect/cache-directory.ts'
import { installHook } from '../../compute/ship/hook.ts'
import { explainLoading } from './program-error.ts'
import { ownModule } from '../../env/own-module.ts'

/** The entries that a program may import from `shoal`, wherever the program lies: it gets the one that runs it. */
const ENTRIES: Readonly<Record<string, string>> = {
  shoal: '../../index',
  'shoal/cluster': '../../cluster/index',
  'shoal/client': '../../client/index',
  'shoal/objects': '../../objects/index',
  'shoal/testing': '../../testing/index',
}

const OWN_SOURCES = new URL('../../', import.meta.url).href

/**
 * Loads the program at `path` and waits until its module has been evaluated; its functions can travel. Rejects with what
 * the program threw, or with a `CliError` where it cannot be loaded. `name` is what the user calls it.
 */
export async function loadProgram(path: string, name: string): Promise<void> {
  const modules: string[] = []
  module.registerHooks({ resolve: resolveShoal })
  installHook({ cacheDirectory: cacheDirectory() })
  // Registered last, so that it hears of a module before anybody tries to read it.
  module.registerHooks({
    load(url, context, next) {
      if (isOfUser(url)) modules.push(url)
      return next(url, context)
    },
  })
  try {
    await import(pathToFileURL(path).href)
  } catch (error) {
    throw await explainLoading(error, name, modules)
  }
}

const resolveShoal: module.ResolveHookSync = (specifier, context, next) => {
  const entry = ENTRIES[specifier]
  if (entry === undefined) return next(specifier, context)
  const { href } = ownModule(import.meta.url, entry)
  return { url: href, format: href.endsWith('.ts') ? 'module-typescript' : 'module', shortCircuit: true }
}

function isOfUser(url: string): boolean {
  return /^file:.*\.[cm]?[jt]s$/.test(url) && !url.includes('/node_modules/') && !url.startsWith(OWN_SOURCES)
}
