import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import { COORDINATOR_FOLDERS, SOURCE_FOLDERS, sourcesHash } from '../../src/compute/sources-hash.ts'
import type { JoinedList } from '../../src/env/joined-code.ts'
import { nodeModules } from './node-modules.ts'

/**
 * What is joined together: the entries of each group share its modules. A thread and a process share none with whoever starts
 * them, so that each reads what it needs alone.
 */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  // Programs import the entries, and the code that is inserted into them the registry.
  program: [
    'cli/main',
    'cli/program/prepare-cluster',
    'index',
    'cluster/index',
    'client/index',
    'objects/index',
    'testing/index',
    'compute/ship/registry',
  ],
  thread: ['cluster/thread/cluster-thread'],
  spawner: ['runtime/process/spawner/main'],
}

const fileOf = (group: string, module: string) => `${group}/${module.replaceAll('/', '-')}.mjs`

/** By the module. */
function programsOf(extension: string): JoinedList['programs'] {
  const each = Object.entries(GROUPS).flatMap(([group, modules]) =>
    modules.map((module) => [module + extension, fileOf(group, module)] as const),
  )
  return Object.fromEntries(each)
}

/** Modules as they are: TypeScript in a checkout, JavaScript in a package. */
export interface JoinOptions {
  /** The folder of all modules. */
  readonly modules: string
  readonly extension: '.ts' | '.js'
  readonly target: string
}

/** Joins the modules into `target`; resolves to the paths of all that went into it, and to what begins with what. */
export async function joinCode(
  options: JoinOptions,
): Promise<{ readonly inputs: readonly string[]; readonly programs: JoinedList['programs'] }> {
  const inputs = await Promise.all(Object.entries(GROUPS).map(([group, modules]) => joinGroup(options, group, modules)))
  return { inputs: [...new Set(inputs.flat())], programs: programsOf(options.extension) }
}

async function joinGroup(options: JoinOptions, group: string, modules: readonly string[]): Promise<readonly string[]> {
  const { modules: folder, extension, target } = options
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: modules.map((module) => ({
      in: module + extension,
      out: fileOf(group, module).replace(/\.mjs$/, ''),
    })),
    outdir: target,
    // By its name Node knows what it is: else each would be parsed to find out.
    outExtension: { '.js': '.mjs' },
    chunkNames: `${group}/[name]-[hash]`,
    bundle: true,
    // One entry is one file, whose parts begin when they are first asked for; several share theirs.
    splitting: modules.length > 1,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
    plugins: [placesOfSources(options, group), nodeModules, packages],
  })
  const files = Object.keys(metafile.inputs).filter((path) => !path.startsWith('node:'))
  return files.map((path) => `${folder}/${path}`)
}

/**
 * A source that asks where it lies is told of its own place, not of that of the file which it has become part of: but who asks for a
 * module that was joined as well gets it joined, since there must not be two of it.
 */
function placesOfSources({ modules, extension, target }: JoinOptions, group: string): Plugin {
  const placeOf = (path: string) => JSON.stringify(relative(`${target}/${group}`, path))
  const made: Readonly<Record<string, string>> = {
    [`${modules}/env/own-module${extension}`]: ownModuleSource(extension, placeOf(modules)),
    [`${modules}/compute/sources-hash${extension}`]: sourcesHashSource(),
  }
  return {
    name: 'places of sources',
    setup({ onLoad }) {
      onLoad({ filter: /\.[tj]s$/ }, ({ path }) => {
        const own = made[path]
        if (own !== undefined) return { loader: 'ts', contents: own }
        const text = readFileSync(path, 'utf8')
        if (path.includes('/node_modules/') || !text.includes('import.meta.url')) return undefined
        const place = `new URL(${placeOf(path)}, import.meta.url).href`
        return { loader: 'ts', contents: text.replaceAll(UNQUOTED_PLACE, place) }
      })
    },
  }
}

/** Small packages of plain JavaScript that every start reads: joined too. All others are imported as they are. */
const JOINED_PACKAGES = new Set(['commander', 'dns2', 'sorted-btree', 're2js'])

const packages: Plugin = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
      const isOfPackage = importer.includes('/node_modules/')
      const isJoined = JOINED_PACKAGES.has(path) && kind !== 'dynamic-import'
      return kind === 'entry-point' || isOfPackage || isJoined ? undefined : { path, external: true }
    })
  },
}

const UNQUOTED_PLACE = /(?<!['"`])import\.meta\.url(?!['"`])/g

/** In place of `env/own-module`. */
function ownModuleSource(extension: string, modules: string): string {
  return `
const programs: Record<string, string> = ${JSON.stringify(programsOf(extension))}
const folder = new URL(${modules} + '/', import.meta.url)
export function ownModule(from: string, path: string): URL {
  const url = ownSource(from, path)
  const file = url.href.startsWith(folder.href) ? programs[url.href.slice(folder.href.length)] : undefined
  return file === undefined ? url : new URL('../' + file, import.meta.url)
}
export const ownProgram = ownModule
export function ownSource(from: string, path: string): URL {
  return new URL(path + ${JSON.stringify(extension)}, from)
}
`
}

/** In place of `compute/sources-hash`: the sources are what they were, so that nobody has to read them. */
function sourcesHashSource(): string {
  const hashes = [SOURCE_FOLDERS, COORDINATOR_FOLDERS].map((folders) => [folders.join(), sourcesHash(folders)])
  return `
export const SOURCE_FOLDERS = ${JSON.stringify(SOURCE_FOLDERS)}
export const COORDINATOR_FOLDERS = ${JSON.stringify(COORDINATOR_FOLDERS)}
const hashes: Record<string, string> = ${JSON.stringify(Object.fromEntries(hashes))}
export const sourcesHash = (folders: readonly string[]) => hashes[folders.join()]
`
}
