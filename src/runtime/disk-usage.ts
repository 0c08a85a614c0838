import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

const BLOCK_BYTES = 512

/** What lies in a directory, in bytes on disk; 0 where there is none. Files that go meanwhile do not count. */
export async function diskUsage(directory: string): Promise<number> {
  if (directory === '') return 0
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries) {
    const file = path.join(directory, entry.name)
    if (entry.isDirectory()) bytes += await diskUsage(file)
    else
      bytes += await lstat(file).then(
        ({ blocks }) => blocks * BLOCK_BYTES,
        () => 0,
      )
  }
  return bytes
}
