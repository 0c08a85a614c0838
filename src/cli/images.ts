import { spawn } from 'node:child_process'
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { ImageStore } from '../runtime/engine/image-store.ts'
import { CliError } from './cli-error.ts'
import { runningClusters } from './running-clusters.ts'

export interface ImagesOptions {
  readonly runtime?: 'docker' | 'cri'
  readonly criEndpoint?: string
}

export interface BuildOptions extends ImagesOptions {
  readonly tag: string
  readonly file?: string
  readonly buildArg: Readonly<Record<string, string>>
}

/** `shoal images load FILE...`: prints the names of what was loaded. Resolves to the exit code. */
export async function loadImages(files: readonly string[], options: ImagesOptions): Promise<number> {
  const engines = enginesOf(options)
  for (const file of files) {
    if (file !== '-' && !existsSync(file))
      throw new CliError(
        'CLI_USAGE',
        `Cannot load "${file}": no such file, expected an archive`,
        'make one with `docker save`',
      )
    for (const engine of engines) {
      const open = () => (file === '-' ? process.stdin : createReadStream(file))
      for (const name of await give(engine, open(), `load "${file}"`)) process.stdout.write(`${name}\n`)
    }
  }
  return 0
}

/** `shoal images build DIRECTORY --tag NAME`: Docker builds, and every engine of a running cluster gets the image. */
export async function buildImage(
  directory: string,
  { tag, file, buildArg, ...options }: BuildOptions,
): Promise<number> {
  const dockerfile = file ?? 'Dockerfile'
  if (!existsSync(join(directory, dockerfile))) {
    const message = `Cannot build "${tag}": there is no ${dockerfile} in ${directory}, expected one`
    throw new CliError('CLI_USAGE', message, 'name it with --file, within the directory')
  }
  const engines = enginesOf(options)
  const builder = engines.find(({ runtime }) => runtime === 'docker')
  const { openDockerImages } = await import('../runtime/docker/image-store.ts')
  await using docker = await openDockerImages(builder?.endpoint).catch(failedTo(`build "${tag}"`))
  const made = { name: tag, dockerfile, buildArgs: buildArg }
  await docker.build(contextOf(directory), made, (said) => process.stderr.write(said)).catch(failedTo(`build "${tag}"`))
  for (const engine of engines) {
    if (engine.runtime !== 'docker' || engine.endpoint !== builder?.endpoint)
      await give(engine, await docker.save(tag), `load "${tag}"`)
  }
  process.stdout.write(`${tag}\n`)
  return 0
}

interface Engine {
  readonly runtime: 'docker' | 'cri'
  readonly endpoint: string | undefined
}

/** The engine that is named, else every engine that a running cluster has its pods on. */
function enginesOf({ runtime, criEndpoint }: ImagesOptions): readonly Engine[] {
  if (runtime !== undefined || criEndpoint !== undefined)
    return [{ runtime: runtime ?? 'cri', endpoint: runtime === 'docker' ? undefined : criEndpoint }]
  const found = new Map<string, Engine>()
  for (const { runtime: of, engine: endpoint } of runningClusters())
    if (of === 'docker' || of === 'cri') found.set(`${of} ${endpoint}`, { runtime: of, endpoint })
  if (found.size > 0) return [...found.values()]
  throw new CliError(
    'CLI_NO_CLUSTER',
    'Cannot find a container engine: no cluster with one runs, expected one',
    'start one with `shoal up --runtime docker`, or name the engine with --runtime',
  )
}

async function give({ runtime, endpoint }: Engine, archive: Readable, act: string): Promise<readonly string[]> {
  await using store = await openStore(runtime, endpoint).catch(failedTo(act))
  return await store.load(archive).catch(failedTo(act))
}

async function openStore(runtime: Engine['runtime'], endpoint: string | undefined): Promise<ImageStore> {
  if (runtime === 'docker') return await (await import('../runtime/docker/image-store.ts')).openDockerImages(endpoint)
  return (await import('../runtime/cri/image-store.ts')).openContainerdImages(endpoint)
}

const failedTo = (act: string) => (cause: unknown) => {
  const { message, hint = 'what it says above tells what to change' } = cause as Error & { readonly hint?: string }
  throw new CliError('CLI_IMAGE', `Cannot ${act}: ${message}, expected an image`, hint, { cause })
}

/** The directory as an archive, without what its .dockerignore names. */
function contextOf(directory: string): Readable {
  const ignored = join(directory, '.dockerignore')
  const lines = existsSync(ignored) ? readFileSync(ignored, 'utf8').split('\n') : []
  const patterns = lines.map((line) => line.trim()).filter((line) => line !== '' && !/^[#!]/.test(line))
  const excluded = patterns.map((pattern) => `--exclude=./${pattern.replace(/^\.?\//, '')}`)
  return spawn('tar', ['-C', directory, ...excluded, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout
}
