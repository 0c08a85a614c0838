import { fault } from '../dataset/fault.ts'
import { requestBytes } from '../sources/http-request.ts'

/** What the driver gives an attempt for uploading: signed addresses, so that no worker needs credentials. */
export interface UploadGrant {
  readonly id: string
  readonly parts: readonly string[]
}

/** S3 takes no smaller parts but the last; after every so many they double, so that few addresses reach far. */
const FIRST_PART_BYTES = 8 * 1024 * 1024
const DOUBLE_EVERY = 8

/** Uploads in parts as they are filled. Nothing is visible until the driver completes the upload. */
export function createUpload({ id, parts }: UploadGrant) {
  const tags: string[] = []
  let chunks: Uint8Array[] = []
  let held = 0
  const send = async () => {
    const address = parts[tags.length]
    if (address === undefined) {
      const hint = 'repartition() into more partitions: each task writes one object'
      throw fault('SHOAL_UNWRITABLE', `Cannot upload: the object has more than ${parts.length} parts`, {}, hint)
    }
    const body = Buffer.concat(chunks)
    chunks = []
    held = 0
    const { headers } = await requestBytes(address, { method: 'PUT', body })
    tags.push(String(headers['etag'] ?? ''))
  }
  return {
    write(bytes: Uint8Array): void | Promise<void> {
      chunks.push(bytes)
      held += bytes.byteLength
      if (held >= FIRST_PART_BYTES * 2 ** Math.floor(tags.length / DOUBLE_EVERY)) return send()
    },
    async finish() {
      if (held > 0 || tags.length === 0) await send()
      return { upload: { id, tags } }
    },
    discard: () => {},
  }
}
