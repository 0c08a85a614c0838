import { join, relative } from 'node:path'
import { ComputeError } from '../errors.ts'
import { findFiles } from '../dataset/inputs.ts'
import type { InputFile } from '../dataset/inputs.ts'
import type { FilesSource } from './files-source.ts'
import { requestBytes, withoutQuery } from './http-request.ts'
import { onVolume, refuseLoopback } from './reachable.ts'
import type { Reachable, Volumes } from './reachable.ts'

/** What `patterns` name, with their owners: the driver's files, shared volumes, S3, HTTP. What cannot be had is refused. */
export async function findInputs(source: FilesSource, reachable: Reachable): Promise<readonly InputFile[]> {
  const found = await Promise.all(source.patterns.map((pattern) => findInput(pattern, source, reachable)))
  return found.flat()
}

async function findInput(pattern: string, source: FilesSource, reachable: Reachable): Promise<readonly InputFile[]> {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(pattern)?.[1]?.toLowerCase()
  switch (scheme) {
    case undefined:
      return findFiles([pattern])
    case 'file':
      return findFiles([decodeURIComponent(new URL(pattern).pathname)])
    case 'volume':
      return findOnVolume(pattern, reachable.volumes)
    case 's3': {
      const { findObjects } = await import('./s3-objects.ts')
      return findObjects(pattern, source.s3 ?? {}, reachable)
    }
    case 'http':
    case 'https':
      refuseLoopback(withoutQuery(pattern), pattern, reachable)
      return [await lookAt(pattern)]
    default: {
      const hint = 'Known are paths and file:, volume:, s3:, http: and https: URIs'
      throw new ComputeError('SHOAL_UNREACHABLE', `Cannot read "${pattern}": no reader for ${scheme}:`, { hint })
    }
  }
}

function findOnVolume(uri: string, volumes: Volumes): readonly InputFile[] {
  const { driverRoot, workerRoot, path } = onVolume(uri, volumes)
  return findFiles([join(driverRoot, path)]).map((file) => ({
    ...file,
    local: file.path,
    shared: join(workerRoot, relative(driverRoot, file.path)),
  }))
}

async function lookAt(url: string): Promise<InputFile> {
  try {
    const { headers } = await requestBytes(url, { method: 'HEAD' })
    const etag = headers.etag
    const identity = etag === undefined || etag.startsWith('W/') ? '' : etag
    const isRanged = headers['accept-ranges'] === 'bytes'
    const length = headers['content-length']
    if (length === undefined) throw new Error('it does not say how long it is')
    return { path: withoutQuery(url), bytes: Number(length), identity, url, isRanged }
  } catch (cause) {
    const message = `Cannot read "${withoutQuery(url)}": ${(cause as Error).message}`
    throw new ComputeError('SHOAL_UNREACHABLE', message, { cause, facts: { url: withoutQuery(url) } })
  }
}
