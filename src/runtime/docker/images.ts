import type Docker from 'dockerode'
import { canonicalImage } from '../engine/image-names.ts'
import { pullInTurn } from '../engine/pulling.ts'
import type { ImageInfo, RegistryCredentials } from '../runtime.ts'
import { refusalOf } from './connection.ts'

export async function imageStatus(docker: Docker, image: string): Promise<ImageInfo | undefined> {
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

export async function pullImage(
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

/** Docker answers with its progress, a line of JSON each, and says in one of them where it failed. */
async function pull(docker: Docker, image: string, options: object): Promise<void> {
  const progress = await docker.pull(image, options)
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error: Error | null) => (error === null ? resolve() : reject(error)))
  })
}
