import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Everything that the programs of workers are made of lies in these folders. */
export const SOURCE_FOLDERS = ['worker', 'wire', 'dataset', 'shuffle', 'sources', 'sinks', '../env'] as const
/** The same for the program of a coordinator's pod. */
export const COORDINATOR_FOLDERS = ['link', 'coordinator', 'wire', '../env', '.'] as const

/** The hash that names what is bundled of these folders. Joined code has it in place of this file, since its sources are what they were. */
export function sourcesHash(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of sourceFiles(folders)) hash.update(basename(path)).update(readFileSync(path))
  return hash.digest('hex').slice(0, 16)
}

export function sourceFiles(folders: readonly string[]): readonly string[] {
  const extension = extname(fileURLToPath(import.meta.url))
  return folders.flatMap((folder) => {
    const path = fileURLToPath(new URL(`${folder}/`, import.meta.url))
    const files = readdirSync(path).filter((file) => file.endsWith(extension) && !file.includes('.test.'))
    return files.sort().map((file) => join(path, file))
  })
}
