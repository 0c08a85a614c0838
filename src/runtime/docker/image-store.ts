import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { canonicalImage } from '../engine/image-names.ts'
import { ImageStoreError } from '../engine/image-store.ts'
import type { ImageStore } from '../engine/image-store.ts'
import { connectDocker, refusalOf } from './connection.ts'

/** Docker's images, which it can also build. */
export interface DockerImages extends ImageStore {
  /** Builds an image from the archive of a directory; `progress` hears what Docker says, a piece at a time. */
  build(context: Readable, options: BuildOptions, progress: (text: string) => void): Promise<void>
  /** An archive that any engine can load. */
  save(name: string): Promise<Readable>
}

export interface BuildOptions {
  readonly name: string
  /** Within the directory. Default `Dockerfile`. */
  readonly dockerfile?: string
  readonly buildArgs?: Readonly<Record<string, string>>
}

/** Rejects with an {@link EngineMissing}. */
export async function openDockerImages(endpoint?: string): Promise<DockerImages> {
  const { docker } = await connectDocker(endpoint)
  const names: string[] = []
  return {
    async load(archive) {
      names.length = 0
      const answer = await docker.loadImage(archive as unknown as NodeJS.ReadableStream).catch(failed)
      await follow(docker, answer, (text) => {
        const [, name] = /^Loaded image: (\S+)/.exec(text) ?? []
        if (name !== undefined) names.push(canonicalImage(name))
      })
      return [...names]
    },
    async build(context, { name, dockerfile, buildArgs }, progress) {
      const options = { t: name, ...(dockerfile && { dockerfile }), ...(buildArgs && { buildargs: { ...buildArgs } }) }
      const answer = await docker.buildImage(context as unknown as NodeJS.ReadableStream, options).catch(failed)
      await follow(docker, answer, progress)
    },
    save: async (name) => (await docker.getImage(name).get().catch(failed)) as Readable,
    [Symbol.asyncDispose]: async () => {},
  }
}

interface Said {
  readonly stream?: string
}

/** Docker says how it goes in lines of JSON, and where it failed in one of them. */
async function follow(docker: Docker, answer: NodeJS.ReadableStream, heard: (text: string) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      answer,
      (error: Error | null) => (error === null ? resolve() : reject(new ImageStoreError(error.message))),
      ({ stream = '' }: Said) => heard(stream),
    )
  })
}

function failed(error: unknown): never {
  throw new ImageStoreError(refusalOf(error).message, { cause: error })
}
