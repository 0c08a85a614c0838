import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { openConnection } from '../client/http/connection.ts'
import { failureOf, readAll } from '../client/http/response.ts'
import { readBackup } from '../store/backup.ts'
import { openTarget } from './target-cluster.ts'
import type { TargetOptions } from './target-cluster.ts'

/** `shoal backup FILE`: all objects of a running cluster, as they are at one revision. Resolves to the exit code. */
export async function backup(file: string, options: TargetOptions): Promise<number> {
  using target = await openTarget(options)
  const connection = openConnection(target.endpoint, 'shoal')
  try {
    const response = await connection.send({ method: 'GET', path: '/shoal/backup', streaming: true })
    if (response.statusCode !== 200) throw failureOf(response, await readAll(response))
    if (file === '-') {
      await pipeline(response, process.stdout, { end: false })
      return 0
    }
    // Under a name of its own until it is known to be whole: a backup from before is not lost for half of a new one.
    const part = `${file}.part`
    try {
      await pipeline(response, createWriteStream(part, { mode: 0o600 }))
      const { revision, entries } = await readBackup(createReadStream(part))
      await flush(part)
      await rename(part, file)
      process.stderr.write(`saved ${entries.length} objects, as they were at revision ${revision}, to ${file}\n`)
    } catch (error) {
      await rm(part, { force: true })
      throw error
    }
    return 0
  } finally {
    connection.close()
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r')
  await handle.sync().finally(() => handle.close())
}
