import { readFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { BuildFailure, Plugin } from 'esbuild'
import { importTarget } from '../../compute/ship/imports.ts'
import { prepare, REGISTRY_URL } from '../../compute/ship/hook.ts'
import { hasNativeParts, installedSource } from '../../compute/ship/installed-packages.ts'
import { createPackageBundler } from '../../compute/ship/packages.ts'
import type { WorkerOptions } from '../../compute/pods/worker-job.ts'
import { columnarProgram, workerPrograms } from '../../compute/worker-program.ts'
import { PREPARED, programText } from '../../compute/submit/driver-program.ts'
import { CliError } from '../cli-error.ts'
import type { PreparedDriver } from './driver-main.ts'
import { ownSource } from '../../env/own-module.ts'

export interface DriverProgram {
  /** The program's file. */
  readonly path: string
  /** What the user calls it. */
  readonly name: string
  readonly args: readonly string[]
  readonly workers: WorkerOptions
  readonly cacheDirectory: string
}

const OWN_SOURCES = fileURLToPath(new URL('../../', import.meta.url))
const DRIVER_MAIN = fileURLToPath(ownSource(import.meta.url, './driver-main'))
/** Names the module that makes a user's module known. */
const SOURCE = 'shoal-source:'
const ENTRY = fileURLToPath(ownSource(import.meta.url, '../../index'))
const REGISTRY = fileURLToPath(ownSource(import.meta.url, '../../compute/ship/registry'))

/** What a driver in a pod never gets to: clusters in the process, engines, bundlers. */
const ABSENT = /^(esbuild|oxc-parser|lmdb|dockerode|@grpc\/.*|@kubernetes\/.*|protobufjs)$/
/** Stacks name the user's sources alone: an empty map leaves a file out. */
const NO_MAP =
  '\n//# sourceMappingURL=data:application/json;base64,' +
  Buffer.from('{"version":3,"sources":[""],"mappings":"A"}').toString('base64')

/**
 * A program with all that it needs as one file for a stock Node image, compressed with brotli: its modules as the module hook
 * would load them, the packages that it imports, Shoal, and what workers run.
 */
export async function bundleDriver(program: DriverProgram): Promise<Uint8Array> {
  const packages = new Map<string, string>()
  const modules = await build(program, driverPlugin(packages))
  const prepared: PreparedDriver = {
    program: program.name,
    args: program.args,
    workers: program.workers,
    programs: {
      workers: await workerPrograms(program.cacheDirectory),
      columnar: await columnarProgram(program.cacheDirectory),
    },
    packages: await bundlePackages(packages, program.cacheDirectory),
  }
  return await promisify(brotliCompress)(programText(prepared, modules), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9 },
  })
}

function entryOf({ path }: DriverProgram): string {
  return [
    `import { runDriver } from ${JSON.stringify(DRIVER_MAIN)}`,
    `await runDriver(globalThis[${JSON.stringify(PREPARED)}], () => import(${JSON.stringify(path)}))`,
  ].join('\n')
}

async function build(program: DriverProgram, plugin: Plugin): Promise<string> {
  const esbuild = await import('esbuild')
  try {
    const result = await esbuild.build({
      stdin: { contents: entryOf(program) + NO_MAP, resolveDir: dirname(program.path), sourcefile: 'driver.js' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      minifyWhitespace: true,
      legalComments: 'none',
      sourcemap: 'inline',
      sourcesContent: false,
      // Some packages are CommonJS and ask for Node's own modules.
      banner: { js: "import{createRequire as shoal$c}from'node:module';const require=shoal$c(import.meta.filename);" },
      plugins: [plugin],
      logLevel: 'silent',
    })
    return result.outputFiles[0]?.text ?? ''
  } catch (error) {
    throw notBundled(program.name, error as BuildFailure)
  }
}

function notBundled(name: string, failure: BuildFailure): unknown {
  const first = failure.errors?.[0]
  if (first === undefined) return failure
  const { file, line, column } = first.location ?? { file: name, line: 0, column: 0 }
  const message = `Cannot submit "${name}": ${first.text} at ${file}:${line}:${column + 1}, expected a program that can be made one file`
  const hint = 'packages with native parts are taken from the image of the pods: shoal submit --image'
  return new CliError('CLI_PROGRAM', message, hint, { cause: failure })
}

/** `packages` gathers what the user's modules import: each specifier, with the directory from which it is. */
function driverPlugin(packages: Map<string, string>): Plugin {
  return {
    name: 'shoal-driver',
    setup(build) {
      const sources = new Map<string, string>()
      build.onResolve({ filter: ABSENT }, ({ path }) => ({ path, namespace: 'absent' }))
      build.onLoad({ filter: /./, namespace: 'absent' }, ({ path }) => ({ contents: absent(path), loader: 'js' }))
      build.onLoad({ filter: /./, namespace: 'installed' }, ({ path, pluginData }) => ({
        contents: installed(path, pluginData as string),
        loader: 'js',
      }))
      build.onResolve({ filter: /^shoal$/ }, () => ({ path: ENTRY }))
      build.onResolve({ filter: new RegExp(`^${SOURCE}`) }, ({ path }) => ({ path, namespace: 'source' }))
      build.onLoad({ filter: /./, namespace: 'source' }, ({ path }) => ({
        contents: sources.get(path.slice(SOURCE.length)) ?? '',
        resolveDir: OWN_SOURCES,
      }))
      // Of the code that is bundled here, whatever this one was made into.
      build.onResolve({ filter: /^file:/ }, ({ path }) => ({
        path: path === REGISTRY_URL ? REGISTRY : fileURLToPath(path),
      }))
      build.onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
        const isOfUser = isUserFile(importer)
        if (!isOfUser || importTarget(path, importer) !== 'package') return undefined
        packages.set(path, dirname(importer))
        const directory = dirname(importer)
        if (!hasNativeParts(path, directory)) return undefined
        return { path, namespace: 'installed', pluginData: directory }
      })
      build.onLoad({ filter: /\.[cm]?[jt]s$/, namespace: 'file' }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        if (!isUserFile(path)) return { contents: text + NO_MAP, loader: loaderOf(path), resolveDir: dirname(path) }
        return { contents: userModule(path, text, sources), loader: 'js', resolveDir: dirname(path) }
      })
    },
  }
}

const isUserFile = (path: string) => path !== '' && !path.includes('/node_modules/') && !path.startsWith(OWN_SOURCES)
const loaderOf = (path: string) => (/\.[cm]?ts$/.test(path) ? 'ts' : 'js')

/** A name of a package that is not there: whoever uses it is told so, whoever only mentions it is not. */
const absent = (name: string) =>
  `module.exports = new Proxy({}, { get(_, key) { if (key === '__esModule') return false; throw new Error('${name} is not in a driver of the cluster') } })`

/** A package with native parts is loaded where it is installed: on this machine, or in the image of the driver's pod. */
const installed = (name: string, directory: string) => `
const made = { exports: {} }
const builtin = (name) => process.getBuiltinModule(name)
;${installedSource(name, directory, undefined)}(builtin, made, made.exports, '')
const { all } = made.exports
module.exports = builtin('node:util').types.isModuleNamespaceObject(all) ? all : all.default`

/**
 * A user's module as the hook makes it. It also makes itself known, since sources are not there to be read: in a module of its
 * own, which is evaluated first.
 */
function userModule(path: string, text: string, sources: Map<string, string>): string {
  // The sources' place on this machine is nobody's business.
  const url = `file:///program/${relative(process.cwd(), path).replaceAll('../', '')}`
  const { source, output } = prepare(url, text, /\.[cm]?ts$/.test(path))
  if (source.sites.length === 0) return output
  const known = JSON.stringify(JSON.stringify(source))
  sources.set(url, `import{addModule}from${JSON.stringify(REGISTRY_URL)};addModule(JSON.parse(${known}))${NO_MAP}`)
  const at = output.lastIndexOf('//# sourceMappingURL=')
  return `${output.slice(0, at)}import ${JSON.stringify(`${SOURCE}${url}`)}\n${output.slice(at)}`
}

async function bundlePackages(
  packages: ReadonlyMap<string, string>,
  cacheDirectory: string,
): Promise<PreparedDriver['packages']> {
  const bundler = createPackageBundler(cacheDirectory)
  const all = [...packages].map(async ([specifier, directory]) => {
    const source = { file: `${directory}/driver.js`, url: '', text: '', isStrict: true, sites: [], insertions: [] }
    const place = { name: specifier, source, offset: 0 }
    const bundled = await bundler
      .bundle({ code: 0, specifier, place })
      .catch((error: Error) => `Cannot send "${specifier}" to a worker: ${error.message}`)
    return [specifier, bundled] as const
  })
  return Object.fromEntries(await Promise.all(all))
}
