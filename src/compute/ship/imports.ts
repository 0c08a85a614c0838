import fs from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'

/** What an import names, as far as travelling goes. Values of the user's own modules travel as values. */
export type ImportTarget = 'builtin' | 'package' | 'user'

/** A test runner's server names what it serves from its root as `/node_modules/…`, and what lies elsewhere as `/@fs/…`. */
export function importedPath(specifier: string): string {
  if (specifier.startsWith('/@fs/')) return specifier.slice('/@fs'.length)
  return specifier.startsWith('/node_modules/') ? path.join(process.cwd(), specifier) : specifier
}

const packages = new Map<string, boolean>()
const prepared = new Set<string>()

/** Where a program was bundled beforehand nothing is installed: these are packages all the same. */
export function declarePackages(specifiers: Iterable<string>): void {
  for (const specifier of specifiers) prepared.add(specifier)
}

/** Says what `specifier` names when `file` imports it. A link out of `node_modules` is the user's own (a workspace). */
export function importTarget(specifier: string, file: string): ImportTarget {
  if (isBuiltin(specifier)) return 'builtin'
  if (prepared.has(specifier)) return 'package'
  const inFile = /[/\\]node_modules[/\\](.*)$/.exec(specifier)
  if (!inFile && /^([./#]|[a-z]+:)/.test(specifier)) return 'user'
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
  return inFile || isInstalled(name, path.dirname(file)) ? 'package' : 'user'
}

function isInstalled(name: string, directory: string): boolean {
  const key = `${directory}\n${name}`
  let known = packages.get(key)
  if (known === undefined) packages.set(key, (known = findInstalled(name, directory)))
  return known
}

function findInstalled(name: string, directory: string): boolean {
  for (let at = directory; ; at = path.dirname(at)) {
    try {
      return fs.realpathSync(path.join(at, 'node_modules', name)).includes(`${path.sep}node_modules${path.sep}`)
    } catch {
      if (path.dirname(at) === at) return false
    }
  }
}
