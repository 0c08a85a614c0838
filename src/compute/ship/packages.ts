import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ShippedCode } from '../wire/shipped.ts'
import { refusal } from './capture-state.ts'
import type { WantedPackage } from './capture.ts'
import { importedPath } from './imports.ts'
import { hasNativeParts, installedSource, isLoadable } from './installed-packages.ts'
import { removeOldest } from './remove-oldest.ts'

/** The newest bundles that are kept on disk; they are a few MB at most. */
const KEPT_BUNDLES = 50

/** Bundles npm packages, each once. */
export interface PackageBundler {
  bundle(wanted: WantedPackage): Promise<ShippedCode>
  /** Ends the bundler's process, where nobody else in this process bundles. */
  close(): Promise<void>
}

/** Bundles kept in memory; a program imports few packages. */
export function createPackageBundler(cacheDirectory?: string): PackageBundler {
  const known = new Map<string, Promise<ShippedCode>>()
  return {
    bundle(wanted) {
      const directory = path.dirname(wanted.place.source?.file ?? '.')
      const key = `${directory}\n${wanted.specifier}`
      let bundle = known.get(key)
      if (!bundle) known.set(key, (bundle = cached(wanted, directory, cacheDirectory)))
      return bundle
    },
    async close() {
      await Promise.allSettled(known.values())
      if (bundling === 0 && esbuild !== undefined) await (await esbuild).stop()
    },
  }
}

/** A bundle is found again by the lock file beside the installed packages: it changes whenever they do. */
async function cached(wanted: WantedPackage, directory: string, cacheDirectory?: string): Promise<ShippedCode> {
  const lock = cacheDirectory === undefined ? undefined : await installedState(directory)
  if (cacheDirectory === undefined || lock === undefined) return build(wanted, directory)
  const name = `package-2-${digest(`${process.version}\n${directory}\n${wanted.specifier}\n${lock}`)}`
  const file = path.join(cacheDirectory, `${name}.json`)
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ShippedCode
  } catch {
    const code = await build(wanted, directory)
    await mkdir(cacheDirectory, { recursive: true })
    const temporary = `${file}.${process.pid}`
    await writeFile(temporary, JSON.stringify(code))
    await rename(temporary, file)
    removeOldest(cacheDirectory, 'package-', KEPT_BUNDLES)
    return code
  }
}

/** What npm wrote when it last installed; nothing where another tool installs, and then nothing is kept. */
async function installedState(directory: string): Promise<string | undefined> {
  for (let at = directory; ; at = path.dirname(at)) {
    try {
      return digest(await readFile(path.join(at, 'node_modules', '.package-lock.json'), 'utf8'))
    } catch {
      if (path.dirname(at) === at) return undefined
    }
  }
}

/** The bundler is one process for all shippers; it starts again when it is needed again. */
let esbuild: Promise<typeof import('esbuild')> | undefined
let bundling = 0

/**
 * One file with all that the package needs. What has parts that are no JavaScript, or cannot be bundled, is loaded where it is
 * installed; what is not even installed here is refused.
 */
async function build(wanted: WantedPackage, directory: string): Promise<ShippedCode> {
  const { place } = wanted
  const specifier = importedPath(wanted.specifier)
  const bundled = await bundleOf(specifier, directory).catch((error: unknown) => ({ error }))
  const text = typeof bundled === 'string' ? bundled : undefined
  if (text !== undefined && !hasNativeParts(specifier, directory)) return codeOf(wanted.specifier, text)
  if (isLoadable(specifier, directory)) return codeOf(wanted.specifier, installedSource(specifier, directory, text))
  if (text !== undefined) return codeOf(wanted.specifier, text)
  const { error } = bundled as { readonly error: unknown }
  const why = 'it cannot be bundled (' + firstLine(error) + '), nor loaded where it is imported'
  const hint = 'Is it installed? npm install, and run again.'
  throw refusal('SHIP_PACKAGE', { ...place, name: wanted.specifier }, why, hint, true, error)
}

function codeOf(specifier: string, source: string): ShippedCode {
  const file = `shoal:package/${specifier}`
  return { hash: digest(`${specifier}\n${source}`), kind: 'package', source, file, lineOffset: -1 }
}

async function bundleOf(specifier: string, directory: string): Promise<string> {
  bundling++
  try {
    const result = await (
      await (esbuild ??= import('esbuild'))
    ).build({
      stdin: {
        contents: `import * as all from ${JSON.stringify(specifier)}; export { all }`,
        resolveDir: directory,
      },
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      mainFields: ['main'],
      define: { 'import.meta.url': 'shoal$url' },
      logLevel: 'silent',
    })
    return [
      '(function (require, module, exports, __filename) { const __dirname = "/"; ',
      `const shoal$url = "file:///shoal/package.js";\n${result.outputFiles[0]?.text ?? ''}\n})`,
    ].join('')
  } finally {
    bundling--
  }
}

const firstLine = (error: unknown): string => {
  const first = (error as { errors?: readonly { readonly text: string }[] }).errors?.[0]?.text
  return first ?? String(error).split('\n')[0] ?? ''
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)
