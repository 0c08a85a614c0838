import { open } from 'node:fs/promises'
import type { InputFile } from '../dataset/inputs.ts'
import { unreadable } from '../dataset/inputs.ts'
import { fetchRange } from './fetch-range.ts'

/** Bytes of an input, read by the driver: to find out where it can be cut. */
export async function readBytes(file: InputFile, from: number, to: number): Promise<Buffer> {
  if (file.url !== undefined) return await fetchRange({ ...file, url: file.url, from, to })
  const handle = await open(file.local ?? file.path).catch((cause: unknown) => {
    throw unreadable(file.path, cause)
  })
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(to - from), 0, to - from, from)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
