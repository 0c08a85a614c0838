import type { FileHandle } from 'node:fs/promises'
import type { ByteSource } from '../dataset/program-parts.ts'

/** Bytes from anywhere as the kind of file that Arrow's library reads at any place. */
export function fileHandleOf({ byteLength, slice }: ByteSource): FileHandle {
  const handle = {
    // By these two it knows a file.
    fd: -1,
    stat: () => Promise.resolve({ size: byteLength }),
    async read(buffer: Uint8Array, offset: number, length: number, position: number) {
      const bytes = new Uint8Array(await slice(position, Math.min(byteLength, position + length)))
      if (bytes.byteLength === 0) throw new Error(`it ends at byte ${position}`)
      buffer.set(bytes, offset)
      return { bytesRead: bytes.byteLength, buffer }
    },
    close: () => Promise.resolve(),
  }
  return handle as unknown as FileHandle
}
