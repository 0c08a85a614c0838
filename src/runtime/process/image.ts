import { ImageError } from '../runtime.ts'
import type { ImageInfo } from '../runtime.ts'

/** The image that stands for the machine's own programs. */
export const HOST_IMAGE = 'shoal/host'

/** Programs of the machine run as whoever started the cluster. */
const USER = String(process.getuid?.() ?? 0)

const NODE_MAJOR = process.versions.node.split('.')[0] ?? ''

/** What a container of the image runs when its spec names no command. */
export interface ImagePlan extends ImageInfo {
  readonly entryPoint: readonly string[]
}

/**
 * The image that a reference means on this machine: `node` with this Node's major version (in any of its variants:
 * `24`, `24.1`, `24-alpine`, `lts` does not count), or `shoal/host` with any tag.
 */
export function findImage(reference: string): ImagePlan | undefined {
  const [name = '', tag = 'latest'] = splitTag(reference.replace(/@sha256:[0-9a-f]{64}$/, ''))
  const path = name.replace(/^(docker\.io|index\.docker\.io)\//, '').replace(/^library\//, '')
  if (path === HOST_IMAGE) {
    const canonical = `docker.io/${HOST_IMAGE}:${tag}`
    const id = `host:${process.platform}-${process.arch}`
    return { reference: canonical, id, sizeBytes: 0, user: USER, entryPoint: [] }
  }
  if (path !== 'node' || !new RegExp(`^${NODE_MAJOR}([.-]|$)`).test(tag)) return undefined
  const canonical = `docker.io/library/node:${tag}`
  const entryPoint = [process.execPath]
  return { reference: canonical, id: `node:${process.version}`, sizeBytes: 0, user: USER, entryPoint }
}

/** The image, or the refusal that tells which runtime to ask for. */
export function requireImage(reference: string): ImagePlan {
  const image = findImage(reference)
  if (image) return image
  throw new ImageError(
    'ErrImagePull',
    `Cannot pull "${reference}": the process runtime runs only node:${NODE_MAJOR} and ${HOST_IMAGE}; ` +
      'start the cluster with --runtime docker for other images',
  )
}

/** A colon after the last slash starts the tag; one before it belongs to the registry's port. */
function splitTag(reference: string): [string, string?] {
  const colon = reference.lastIndexOf(':')
  return colon > reference.lastIndexOf('/') ? [reference.slice(0, colon), reference.slice(colon + 1)] : [reference]
}
