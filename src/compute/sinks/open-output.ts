import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { DatasetHost } from '../dataset/host.ts'
import { ComputeError } from '../errors.ts'
import type { S3Options } from '../sources/files-source.ts'
import { onVolume } from '../sources/reachable.ts'
import type { Output } from './output.ts'
import { exists, makeStaging, putInPlaceOf, removeStale } from './staging.ts'

/** Refuses a place that cannot be written, or that has something already and is not to be overwritten. */
export async function openOutput(
  to: string,
  extension: string,
  overwrite: boolean,
  host: DatasetHost,
  s3: S3Options,
): Promise<Output> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(to)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined:
      return openDirectory(resolve(to), resolve(to), extension, overwrite, host.unique())
    case 'file': {
      const path = decodeURIComponent(new URL(to).pathname)
      return openDirectory(path, path, extension, overwrite, host.unique())
    }
    case 'volume': {
      const { driverRoot, workerRoot, path } = onVolume(to, host.reachable.volumes)
      return openDirectory(join(driverRoot, path), join(workerRoot, path), extension, overwrite, host.unique())
    }
    case 's3': {
      const { openS3Output } = await import('./s3-output.ts')
      return openS3Output(to, extension, overwrite, host, s3)
    }
    default: {
      const hint = 'Known are paths and file:, volume: and s3: URIs'
      throw new ComputeError('SHOAL_UNREACHABLE', `Cannot write "${to}": no writer for ${scheme}:`, { hint })
    }
  }
}

/** Tasks write into a directory beside the one that is wanted; one rename makes all of it visible. */
async function openDirectory(
  path: string,
  atWorkers: string,
  extension: string,
  overwrite: boolean,
  unique: string,
): Promise<Output> {
  await removeStale(path)
  await refuseExisting(path, overwrite)
  const staging = await makeStaging(path, unique).catch((cause: Error) => {
    throw new ComputeError('SHOAL_UNWRITABLE', `Cannot write "${path}": ${cause.message}`, { cause })
  })
  return {
    target: { kind: 'directory', staging: join(dirname(atWorkers), basename(staging)), proof: unique, extension },
    async commit(written) {
      const kept = join(staging, 'kept')
      await mkdir(kept)
      const names = written.map((_, index) => `part-${String(index).padStart(5, '0')}${extension}`)
      for (const [index, [, { file, content }]] of written.entries()) {
        const name = join(kept, names[index]!)
        if (file !== undefined) await rename(join(staging, file), name)
        else await writeFile(name, content ?? new Uint8Array(0))
      }
      await refuseExisting(path, overwrite)
      if (overwrite) await putInPlaceOf(path, kept, staging)
      else await rename(kept, path)
      await rm(staging, { recursive: true, force: true })
      return names.map((name) => join(path, name))
    },
    abandon: () => rm(staging, { recursive: true, force: true }),
  }
}

async function refuseExisting(path: string, overwrite: boolean): Promise<void> {
  if (overwrite || !(await exists(path))) return
  const message = `Cannot write "${path}": it exists, expected nothing there`
  throw new ComputeError('SHOAL_OUTPUT_EXISTS', message, {
    facts: { path },
    hint: 'Name another, or pass { overwrite: true }',
  })
}
