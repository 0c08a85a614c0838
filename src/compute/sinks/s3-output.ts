import type { S3mini } from 's3mini'
import type { DatasetHost } from '../dataset/host.ts'
import type { Unit } from '../dataset/stage-input.ts'
import { ComputeError } from '../errors.ts'
import type { S3Options } from '../sources/files-source.ts'
import { openBucket, parseS3, reaching, SIGNED_SECONDS } from '../sources/s3-client.ts'
import { listObjects, MANIFEST } from '../sources/s3-objects.ts'
import type { Output } from './output.ts'
import type { UploadGrant } from './upload.ts'
import type { Written } from './write-sink.ts'

/** Enough for 8 parts of 8 MiB, 8 of 16 MiB and so on: 16 GiB. */
const PARTS = 64

/**
 * Each attempt uploads in parts to an upload of its own, which nobody sees. The commit completes those that count, then writes the
 * manifest, which names them: where it is, all of them are.
 */
export async function openS3Output(
  to: string,
  extension: string,
  overwrite: boolean,
  host: DatasetHost,
  options: S3Options,
): Promise<Output> {
  const { bucket, key } = parseS3(to)
  const folder = key === '' || key.endsWith('/') ? key : `${key}/`
  const client = await openBucket(to, bucket, options, host.reachable)
  const before = await reaching(to, () => listObjects(client, folder))
  if (before.length > 0 && !overwrite) {
    const message = `Cannot write "${to}": ${before.length} objects are there, expected none`
    throw new ComputeError('SHOAL_OUTPUT_EXISTS', message, { hint: 'Name another, or pass { overwrite: true }' })
  }
  const run = host.unique()
  const uploads = new Map<string, string>()
  const completed: string[] = []
  const abortRest = () => Promise.allSettled(Array.from(uploads, ([id, name]) => client.abortMultipartUpload(name, id)))
  // The manifest of the new ones is there: to its readers the old ones are not.
  const removeReplaced = async () => {
    const old = before.map((object) => object.key).filter((name) => name !== folder + MANIFEST)
    if (old.length === 0) return
    await client.deleteObjects(old).catch((error: Error) => {
      host.warn(`${old.length} objects that "${to}" had before could not be removed: ${error.message}`)
    })
  }
  return {
    target: { kind: 'upload' },
    async given(unit) {
      const name = `${folder}${nameOf(unit)}-${run}${extension}`
      return reaching(to, () => grant(client, name, uploads))
    },
    async commit(written) {
      await reaching(to, async () => {
        for (const [, each] of written) completed.push(await complete(client, uploads, each))
        await client.putObject(folder + MANIFEST, manifestOf(completed, written), 'application/json')
      })
      await removeReplaced()
      await abortRest()
      return completed.map((name) => `s3://${bucket}/${name}`)
    },
    async abandon() {
      await abortRest()
      if (completed.length > 0) await client.deleteObjects(completed).catch(() => [])
    },
  }
}

/** Names are in the order of the input. */
function nameOf({ order }: Unit): string {
  const whole = Math.floor(order)
  const rest = order === whole ? '' : `-${String(order - whole).slice(2, 8)}`
  return `part-${String(whole).padStart(9, '0')}${rest}`
}

async function grant(client: S3mini, name: string, uploads: Map<string, string>): Promise<UploadGrant> {
  const id = await client.getMultipartUploadId(name)
  uploads.set(id, name)
  const signed = Array.from({ length: PARTS }, (_, index) =>
    client.getPresignedUrl('PUT', name, SIGNED_SECONDS, { partNumber: String(index + 1), uploadId: id }),
  )
  return { id, parts: await Promise.all(signed) }
}

async function complete(client: S3mini, uploads: Map<string, string>, { upload }: Written): Promise<string> {
  const name = upload === undefined ? undefined : uploads.get(upload.id)
  if (upload === undefined || name === undefined)
    throw new Error('Assertion: an attempt without its upload was committed')
  const parts = upload.tags.map((tag, index) => ({ partNumber: index + 1, etag: client.sanitizeETag(tag) }))
  await client.completeMultipartUpload(name, upload.id, parts)
  uploads.delete(upload.id)
  return name
}

function manifestOf(names: readonly string[], written: readonly (readonly [Unit, Written])[]): string {
  const files = names.map((name, index) => {
    const { rows, bytes } = written[index]![1]
    return { name, rows, bytes }
  })
  return `${JSON.stringify({ files }, undefined, 2)}\n`
}
