import { canonicalImage } from '../engine/image-names.ts'
import type { PulledNames } from '../engine/pulled-images.ts'
import { pullInTurn } from '../engine/pulling.ts'
import type { ImageInfo, PulledImage, RegistryCredentials, Runtime } from '../runtime.ts'
import { CriError } from './connection.ts'
import type { CriConnection } from './connection.ts'
import type { CriImage } from './messages.ts'

/** A pull may take long, and is ended by its pod's deletion. */
const PULL_TIMEOUT_MS = 3_600_000

async function imageStatus(connection: CriConnection, image: string): Promise<ImageInfo | undefined> {
  const found = await connection.call('ImageStatus', { image: { image } }).catch((error: unknown) => {
    if (error instanceof CriError && ['NotFound', 'InvalidArgument', 'Unknown'].includes(error.code)) return undefined
    throw error
  })
  return found === undefined || found.image === null ? undefined : infoOf(image, found.image)
}

async function pullImage(
  connection: CriConnection,
  image: string,
  signal: AbortSignal | undefined,
  credentials: readonly RegistryCredentials[] = [],
): Promise<ImageInfo> {
  const pull = async (login: RegistryCredentials | undefined) => {
    // Without the address, as the kubelet does it: engines read it as a URL, and whose login it is was found out already.
    const auth = login && { username: login.username, password: login.password, serverAddress: '' }
    const request = { image: { image }, ...(auth !== undefined && { auth }) }
    const { imageRef } = await connection.call('PullImage', request, {
      timeoutMs: PULL_TIMEOUT_MS,
      ...(signal !== undefined && { signal }),
    })
    return (await imageStatus(connection, imageRef)) ?? { reference: image, id: imageRef, sizeBytes: 0 }
  }
  return await pullInTurn(credentials, pull, (failure) =>
    failure instanceof Error ? failure.message : String(failure),
  )
}

/** The image calls of the port; what is pulled is noted. */
export function imageCalls(
  connection: CriConnection,
  names: PulledNames,
): Pick<Required<Runtime>, 'imageStatus' | 'pullImage' | 'pulledImages' | 'removeImage'> {
  return {
    imageStatus: (image) => imageStatus(connection, image),
    async pullImage(image, stop, credentials) {
      const wasThere = (await imageStatus(connection, image)) !== undefined
      const info = await pullImage(connection, image, stop, credentials)
      // One that was there before may be somebody else's.
      if (!wasThere) names.add(canonicalImage(image))
      return info
    },
    pulledImages: () => pulledImages(connection, names),
    async removeImage(reference) {
      const found = (await pulledImages(connection, names)).find((image) => image.reference === reference)
      if (found === undefined || found.isUsed) return false
      await connection.call('RemoveImage', { image: { image: reference } })
      names.remove(reference)
      return true
    },
  }
}

/** Engines remove an image with all its names: one that has others than those pulled counts as used. */
async function pulledImages(connection: CriConnection, names: PulledNames): Promise<readonly PulledImage[]> {
  const { containers } = await connection.call('ListContainers', { filter: {} })
  const used = new Set(containers.map(({ imageRef }) => imageRef))
  const own = new Set(names.list())
  const found = [...own].map(async (reference): Promise<readonly PulledImage[]> => {
    const { image } = await connection.call('ImageStatus', { image: { image: reference } })
    if (image === null) names.remove(reference)
    if (image === null) return []
    const { id, repoTags, repoDigests, size } = image
    const isUsed = [id, ...repoDigests].some((each) => used.has(each)) || repoTags.some((tag) => !own.has(tag))
    return [{ reference, sizeBytes: size, isUsed }]
  })
  return (await Promise.all(found)).flat()
}

function infoOf(asked: string, { id, repoTags, repoDigests, size, uid, username }: CriImage): ImageInfo {
  const user = username || (uid === null ? undefined : String(uid.value))
  return {
    reference: repoTags[0] ?? repoDigests[0] ?? asked,
    id,
    sizeBytes: size,
    ...(user !== undefined && { user }),
  }
}
