import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { ImageStoreError } from '../engine/image-store.ts'
import type { ImageStore } from '../engine/image-store.ts'
import { DEFAULT_ENDPOINT } from './cri-runtime.ts'

/** Where containerd keeps pods' images apart from those of others. */
const NAMESPACE = 'k8s.io'

/** The CRI takes images from registries alone: containerd's own program, which comes with it, takes archives. */
export function openContainerdImages(endpoint: string = DEFAULT_ENDPOINT): ImageStore {
  return {
    async load(archive) {
      const socket = endpoint.replace(/^unix:(\/\/)?/, '')
      const args = ['--address', socket, '--namespace', NAMESPACE, 'images', 'import', '-']
      const child = spawn('ctr', args, { stdio: ['pipe', 'pipe', 'pipe'] })
      const absent = once(child, 'error').then(([error]) => {
        throw new ImageStoreError('there is no ctr, which comes with containerd', { cause: error })
      })
      const ended = once(child, 'close') as Promise<[number]>
      const fed = pipeline(archive, child.stdin).catch(() => {})
      const said = Promise.all([text(child.stdout), text(child.stderr), ended, fed])
      const [output, complaint, [code]] = await Promise.race([said, absent])
      if (code !== 0) throw new ImageStoreError(complaint.trim())
      return [...output.matchAll(/^unpacking (\S+)/gm)].map(([, name = '']) => name)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}
