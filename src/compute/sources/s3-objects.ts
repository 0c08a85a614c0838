import { matchesGlob } from 'node:path'
import type { S3mini } from 's3mini'
import type { InputFile } from '../dataset/inputs.ts'
import { ComputeError } from '../errors.ts'
import type { S3Options } from './files-source.ts'
import type { Reachable } from './reachable.ts'
import { openBucket, parseS3, reaching, SIGNED_SECONDS } from './s3-client.ts'

/** The objects that a URI names: one by its key, all below it, or those whose keys match a glob; by key. */
export async function findObjects(
  uri: string,
  options: S3Options,
  reachable: Reachable,
): Promise<readonly InputFile[]> {
  const { bucket, key } = parseS3(uri)
  const client = await openBucket(uri, bucket, options, reachable)
  const found = await reaching(uri, () => matching(client, key))
  if (found.length === 0) {
    const hint = 'Keys are compared letter by letter; * matches within one folder, ** across them'
    throw new ComputeError('SHOAL_NO_FILE', `Cannot read "${uri}": no object matches`, {
      hint,
      facts: { pattern: uri },
    })
  }
  return reaching(uri, () =>
    Promise.all(
      found.map(async (object) => ({
        path: `s3://${bucket}/${object.key}`,
        bytes: object.bytes,
        identity: `"${object.etag}"`,
        url: await client.getPresignedUrl('GET', object.key, SIGNED_SECONDS),
        isRanged: true,
      })),
    ),
  )
}

interface FoundObject {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}

async function matching(client: S3mini, key: string): Promise<readonly FoundObject[]> {
  const glob = key.search(/[*?[{]/)
  const objects = await listObjects(client, glob < 0 ? key : key.slice(0, glob))
  if (glob >= 0) return objects.filter((object) => matchesGlob(object.key, key))
  const exact = objects.filter((object) => object.key === key)
  if (exact.length > 0) return exact
  const folder = key === '' || key.endsWith('/') ? key : `${key}/`
  const within = objects.filter((object) => object.key.startsWith(folder) && !isHidden(object.key.slice(folder.length)))
  if (!objects.some((object) => object.key === folder + MANIFEST)) return within
  const named = await namesIn(client, folder + MANIFEST)
  return named === undefined ? within : within.filter((object) => named.has(object.key))
}

/** Written last, where a dataset was written: it names the objects that belong to it, and there are no others to a reader. */
export const MANIFEST = '_SUCCESS'

/** Undefined where it is another program's mark, which says nothing. */
async function namesIn(client: S3mini, manifest: string): Promise<ReadonlySet<string> | undefined> {
  try {
    const { files } = JSON.parse((await client.getObject(manifest)) ?? '') as { files: readonly { name: string }[] }
    return new Set(files.map(({ name }) => name))
  } catch {
    return undefined
  }
}

/** Marks that writers leave beside what they wrote are no input. */
const isHidden = (name: string) => name.split('/').some((part) => part.startsWith('_') || part.startsWith('.'))

/** All objects whose keys begin with `prefix`, in order of their keys. */
export async function listObjects(client: S3mini, prefix: string): Promise<readonly FoundObject[]> {
  const listed = await client.listObjects('/', prefix)
  if (listed === null) throw new Error(`there is no bucket "${client.bucketName}"`)
  const found = listed.map(({ Key, Size, ETag }) => ({
    key: Key,
    bytes: Number(Size),
    etag: client.sanitizeETag(ETag),
  }))
  return found.sort((left, right) => (left.key < right.key ? -1 : 1))
}
