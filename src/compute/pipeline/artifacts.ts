import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import v8 from 'node:v8'
import type { Random } from '../../env/random.ts'
import { randomSuffix } from '../../env/random.ts'

/** A value that a step made, with the hash of its content, by which steps after it know whether anything has changed. */
export interface Artifact {
  readonly value: unknown
  readonly hash: string
}

/**
 * What steps made, kept between runs under the key of what they were made of. Each is a file that appears whole or not at
 * all: its content's hash, then the value as `v8.serialize` writes it. A damaged one counts as absent.
 */
export interface Artifacts {
  find(key: string): Promise<Artifact | undefined>
  keep(key: string, value: unknown): Promise<Artifact>
}

const HASH_BYTES = 32

export function openArtifacts(directory: string, random: Random): Artifacts {
  let made: Promise<unknown> | undefined
  return {
    async find(key) {
      const bytes = await readFile(join(directory, key)).catch(ignoreMissing)
      if (bytes === undefined) return undefined
      const content = bytes.subarray(HASH_BYTES)
      const hash = createHash('sha256').update(content).digest()
      if (!hash.equals(bytes.subarray(0, HASH_BYTES))) return undefined
      return { value: v8.deserialize(content), hash: hash.toString('hex') }
    },
    async keep(key, value) {
      await (made ??= mkdir(directory, { recursive: true }))
      const content = v8.serialize(value)
      const hash = createHash('sha256').update(content).digest()
      const temporary = join(directory, `.${key}-${randomSuffix(random, 8)}`)
      try {
        await writeFile(temporary, Buffer.concat([hash, content]), { flush: true })
        await rename(temporary, join(directory, key))
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
      return { value, hash: hash.toString('hex') }
    },
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** The key of what is made of these parts. */
export function keyOf(...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length} `).update(part)
  return hash.digest('hex').slice(0, 40)
}
