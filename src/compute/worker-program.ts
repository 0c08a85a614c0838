import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COORDINATOR_FOLDERS, SOURCE_FOLDERS, sourcesHash } from './sources-hash.ts'

/** Code that runs in worker pods, each as one self-contained file. */
export interface WorkerPrograms {
  /** What the pods are started with, as an ECMAScript module. */
  readonly worker: string
  /** What runs datasets on a worker's threads, as CommonJS, and the hash that names it. */
  readonly pipeline: { readonly hash: string; readonly source: string }
}

/**
 * The programs, bundled from the sources the first time and read from `cacheDirectory` after that: starting the bundler
 * costs more than all else that a session does before its first task.
 */
export async function workerPrograms(cacheDirectory: string): Promise<WorkerPrograms> {
  const hash = sourcesHash(SOURCE_FOLDERS)
  const directory = join(cacheDirectory, 'worker-programs')
  const [worker, pipeline] = await Promise.all([
    cached(directory, `worker-${hash}.mjs`, () => bundle('worker/worker', 'esm')),
    cached(directory, `pipeline-${hash}.cjs`, () => bundle('dataset/pipeline-program', 'cjs')),
  ])
  return { worker, pipeline: { hash: `pipeline-${hash}`, source: pipeline } }
}

/** What runs stages that read or write columnar formats: made only where one does. */
export async function columnarProgram(cacheDirectory: string): Promise<WorkerPrograms['pipeline']> {
  const name = `columnar-${sourcesHash(SOURCE_FOLDERS)}`
  const directory = join(cacheDirectory, 'worker-programs')
  return { hash: name, source: await cached(directory, `${name}.cjs`, () => bundle('dataset/columnar-program', 'cjs')) }
}

/** The program of a coordinator's pod, as an ECMAScript module: made only where a run has such a pod. */
export async function coordinatorProgram(cacheDirectory: string): Promise<string> {
  const name = `coordinator-${sourcesHash(COORDINATOR_FOLDERS)}.mjs`
  return await cached(join(cacheDirectory, 'worker-programs'), name, () => bundle('link/coordinator-pod', 'esm'))
}

async function cached(directory: string, name: string, make: () => Promise<string>): Promise<string> {
  const path = join(directory, name)
  try {
    return readFileSync(path, 'utf8')
  } catch {
    const made = await make()
    mkdirSync(directory, { recursive: true })
    // Whoever makes it at the same time makes the same: the last rename wins, no one reads half a file.
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, made)
    renameSync(draft, path)
    return made
  }
}

const EXTENSION = extname(fileURLToPath(import.meta.url))

async function bundle(entry: string, format: 'esm' | 'cjs'): Promise<string> {
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: [fileURLToPath(new URL(`${entry}${EXTENSION}`, import.meta.url))],
    bundle: true,
    write: false,
    format,
    platform: 'node',
    target: 'node24',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
  })
  return result.outputFiles[0]!.text
}
