import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/** What packages depend on that load a binary, or build one. */
const NATIVE_TOOLS =
  /^(bindings|nan|node-addon-api|node-gyp-build(-optional-packages)?|prebuild-install|(@mapbox\/)?node-pre-gyp)$/
/** One of several packages that each hold the binary for one kind of machine. */
const FOR_ONE_PLATFORM = /(linux|darwin|win32)(32|64)?[-_]?(x64|arm64|ia32|arm)|wasm32-wasi/

interface Manifest {
  readonly gypfile?: unknown
  readonly binary?: unknown
  readonly napi?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/** Whether the package that `specifier` names in `directory`, or one that it needs, has parts that are no JavaScript. */
export function hasNativeParts(specifier: string, directory: string): boolean {
  const seen = new Set<string>()
  const visit = (name: string, from: string): boolean => {
    const at = directoryOf(name, from)
    if (at === undefined || seen.has(at)) return false
    seen.add(at)
    const manifest = manifestIn(at)
    const optional = Object.keys(manifest.optionalDependencies ?? {})
    const needed = [...Object.keys(manifest.dependencies ?? {}), ...optional]
    if (manifest.gypfile !== undefined || manifest.binary !== undefined || manifest.napi !== undefined) return true
    if (optional.some((other) => FOR_ONE_PLATFORM.test(other)) || needed.some((other) => NATIVE_TOOLS.test(other)))
      return true
    return existsSync(path.join(at, 'binding.gyp')) || needed.some((other) => visit(other, at))
  }
  return visit(packageName(specifier), directory)
}

function packageName(specifier: string): string {
  const within = specifier.slice(specifier.lastIndexOf('node_modules/') + 1).replace(/^ode_modules\//, '')
  return /^(@[^/]+\/)?[^/]+/.exec(within)?.[0] ?? specifier
}

function directoryOf(name: string, from: string): string | undefined {
  for (let at = from; ; at = path.dirname(at)) {
    const found = path.join(at, 'node_modules', name)
    if (existsSync(path.join(found, 'package.json'))) return realpathSync(found)
    if (path.dirname(at) === at) return undefined
  }
}

function manifestIn(directory: string): Manifest {
  try {
    return JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as Manifest
  } catch {
    return {}
  }
}

/** Whether the package is there to be loaded where the program is. */
export function isLoadable(specifier: string, directory: string): boolean {
  try {
    createRequire(path.join(directory, 'x.js')).resolve(specifier)
    return true
  } catch {
    return false
  }
}

/**
 * The text of a function, as that of a bundle, that loads the package where it is installed: on this machine where the program is, in an
 * image where its programs run. Where it is neither, what could be bundled of it is used, if anything.
 */
export function installedSource(specifier: string, directory: string, bundle: string | undefined): string {
  return `(function (require, module, exports, __filename) {
  const { createRequire } = require('node:module')
  const specifier = ${JSON.stringify(specifier)}
  const places = [${JSON.stringify(directory)}, process.cwd()]
  let reason
  for (const place of places) {
    let load, found
    try {
      load = createRequire(place + '/x.js')
      found = load.resolve(specifier)
    } catch (error) {
      reason = error
      continue
    }
    const all = load(found)
    const isModule = require('node:util').types.isModuleNamespaceObject(all)
    module.exports = { all: isModule ? all : { ...all, default: all } }
    return
  }
  ${
    bundle === undefined
      ? `const message = 'Cannot load "' + specifier + '" in a pod: it has native parts, and is installed neither in ' + places.join(' nor in ') + ', expected an image that has it (shoal run --image, connect({ image }))'
  throw Object.assign(new Error(message, { cause: reason }), { code: 'SHIP_PACKAGE' })`
      : `return (${bundle})(require, module, exports, __filename)`
  }
})`
}
