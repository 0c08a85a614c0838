import type Docker from 'dockerode'
import { canonicalImage } from '../engine/image-names.ts'
import type { PulledNames } from '../engine/pulled-images.ts'
import { pullInTurn } from '../engine/pulling.ts'
import type { ImageInfo, PulledImage, RegistryCredentials, Runtime } from '../runtime.ts'
import { ignoreGone, refusalOf } from './connection.ts'

async function imageStatus(docker: Docker, image: string): Promise<ImageInfo | undefined> {
  const found = await docker
    .getImage(image)
    .inspect()
    .catch((error: unknown) => {
      // Whatever no image can be named is not there.
      if ([404, 400, 500].includes(refusalOf(error).status)) return undefined
      throw error
    })
  if (found === undefined) return undefined
  const { RepoTags = [], RepoDigests = [], Id, Size, Config } = found
  const [name = image] = [...RepoTags, ...RepoDigests]
  const user = Config.User
  return { reference: canonicalImage(name), id: RepoDigests[0] ?? Id, sizeBytes: Size, ...(user !== '' && { user }) }
}

async function pullImage(
  docker: Docker,
  image: string,
  signal: AbortSignal | undefined,
  credentials: readonly RegistryCredentials[] = [],
): Promise<ImageInfo> {
  const pullAs = async (login: RegistryCredentials | undefined) => {
    const authconfig = login && { username: login.username, password: login.password, serveraddress: login.server }
    await pull(docker, canonicalImage(image), {
      ...(authconfig && { authconfig }),
      ...(signal && { abortSignal: signal }),
    })
    return (await imageStatus(docker, image)) ?? { reference: canonicalImage(image), id: '', sizeBytes: 0 }
  }
  return await pullInTurn(credentials, pullAs, (failure) => `Error response from daemon: ${refusalOf(failure).message}`)
}

/** The image calls of the port; what is pulled is noted. */
export function imageCalls(
  docker: Docker,
  names: PulledNames,
): Pick<Required<Runtime>, 'imageStatus' | 'pullImage' | 'pulledImages' | 'removeImage'> {
  return {
    imageStatus: (image) => imageStatus(docker, image),
    async pullImage(image, stop, credentials) {
      const wasThere = (await imageStatus(docker, image)) !== undefined
      const info = await pullImage(docker, image, stop, credentials)
      // One that was there before may be somebody else's.
      if (!wasThere) names.add(canonicalImage(image))
      return info
    },
    pulledImages: () => pulledImages(docker, names),
    async removeImage(reference) {
      const isGone = await docker
        .getImage(reference)
        .remove()
        .then(() => true, ignoreUsed)
      if (isGone) names.remove(reference)
      return isGone
    },
  }
}

const IN_USE = 409

function ignoreUsed(error: unknown): boolean {
  if (refusalOf(error).status === IN_USE) return false
  ignoreGone(error)
  return true
}

async function pulledImages(docker: Docker, names: PulledNames): Promise<readonly PulledImage[]> {
  const used = new Set((await docker.listContainers({ all: true })).map(({ ImageID }) => ImageID))
  const found = names.list().map(async (reference): Promise<readonly PulledImage[]> => {
    const image = await docker.getImage(reference).inspect().catch(ignoreGone)
    if (image !== undefined) return [{ reference, sizeBytes: image.Size, isUsed: used.has(image.Id) }]
    names.remove(reference)
    return []
  })
  return (await Promise.all(found)).flat()
}

/** Docker answers with its progress, a line of JSON each, and says in one of them where it failed. */
async function pull(docker: Docker, image: string, options: object): Promise<void> {
  const progress = await docker.pull(image, options)
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error: Error | null) => (error === null ? resolve() : reject(error)))
  })
}
