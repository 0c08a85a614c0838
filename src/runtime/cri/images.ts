import { pullInTurn } from '../engine/pulling.ts'
import type { ImageInfo, RegistryCredentials } from '../runtime.ts'
import { CriError } from './connection.ts'
import type { CriConnection } from './connection.ts'
import type { CriImage } from './messages.ts'

/** A pull may take long, and is ended by its pod's deletion. */
const PULL_TIMEOUT_MS = 3_600_000

export async function imageStatus(connection: CriConnection, image: string): Promise<ImageInfo | undefined> {
  const found = await connection.call('ImageStatus', { image: { image } }).catch((error: unknown) => {
    if (error instanceof CriError && ['NotFound', 'InvalidArgument', 'Unknown'].includes(error.code)) return undefined
    throw error
  })
  return found === undefined || found.image === null ? undefined : infoOf(image, found.image)
}

export async function pullImage(
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

function infoOf(asked: string, { id, repoTags, repoDigests, size, uid, username }: CriImage): ImageInfo {
  const user = username || (uid === null ? undefined : String(uid.value))
  return {
    reference: repoTags[0] ?? repoDigests[0] ?? asked,
    id,
    sizeBytes: size,
    ...(user !== undefined && { user }),
  }
}
