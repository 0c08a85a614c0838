import type { Readable } from 'node:stream'

/** Where a container engine keeps the images that its pods can run. */
export interface ImageStore extends AsyncDisposable {
  /** Takes an archive as `docker save` writes it; resolves to the whole names of its images. */
  load(archive: Readable): Promise<readonly string[]>
}

/** An image could not be loaded or built; the message is the engine's. */
export class ImageStoreError extends Error {
  override readonly name = 'ImageStoreError'
}
