import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Restored } from '../apiserver/backup/backups.ts'
import { openConnection } from '../client/http/connection.ts'
import { readJson } from '../client/http/response.ts'
import { makeDataDirectory } from '../cluster/data-directory.ts'
import { openStore } from '../cluster/open-store.ts'
import { systemEnvironment } from '../env/system.ts'
import { readBackup, restoring } from '../store/backup.ts'
import { openTarget } from './target-cluster.ts'
import type { TargetOptions } from './target-cluster.ts'

export interface RestoreOptions extends TargetOptions {
  readonly dataDir?: string
}

/**
 * `shoal restore FILE`: the objects of a running cluster become what they were when the backup was taken; with `--data-dir`
 * those of a cluster that does not run. Resolves to the exit code.
 */
export async function restore(file: string, options: RestoreOptions): Promise<number> {
  const restored = options.dataDir === undefined ? await intoRunning(file, options) : await into(file, options.dataDir)
  const { created, updated, deleted, taken } = restored
  process.stderr.write(
    `restored the objects of revision ${taken}: ${created} created, ${updated} changed, ${deleted} deleted\n`,
  )
  return 0
}

async function intoRunning(file: string, options: RestoreOptions): Promise<Restored> {
  const body = await readFile(file)
  // Before anything is sent: a file that is no backup costs the cluster nothing.
  await readBackup([body])
  using target = await openTarget(options)
  const connection = openConnection(target.endpoint, 'shoal')
  try {
    const contentType = 'application/x-ndjson'
    return (await readJson(
      await connection.send({ method: 'POST', path: '/shoal/restore', body, contentType }),
    )) as Restored
  } finally {
    connection.close()
  }
}

async function into(file: string, dataDir: string): Promise<Restored> {
  const backup = await readBackup(createReadStream(file))
  const directory = resolve(dataDir)
  makeDataDirectory(directory)
  const store = await openStore(systemEnvironment('error'), directory)
  try {
    const mutations = restoring(store.head(), backup)
    if (mutations.length === 0)
      return { taken: backup.revision, revision: store.durable().revision, created: 0, updated: 0, deleted: 0 }
    const { revision, changes } = await store.commit(mutations)
    const count = (type: string) => changes.filter((change) => change.type === type).length
    const counts = { created: count('create'), updated: count('update'), deleted: count('delete') }
    return { taken: backup.revision, revision, ...counts }
  } finally {
    await store.close()
  }
}
