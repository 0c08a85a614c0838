import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { SOURCE_FOLDERS, COORDINATOR_FOLDERS, sourceFiles } from '../../src/compute/sources-hash.ts'
import { isJoined, JOINED_CODE, joinedSource } from '../../src/env/joined-code.ts'
import type { JoinedList } from '../../src/env/joined-code.ts'
import { joinCode } from './join-code.ts'

/**
 * Joins the sources of what `shoal` starts into a few files, unless that was done since they have changed. They stay what they are:
 * packages are imported, files beside a source are found beside it.
 */
async function main(): Promise<void> {
  if (isJoined()) return
  const modules = fileURLToPath(new URL('../../src', import.meta.url))
  const target = fileURLToPath(JOINED_CODE).replace(/\/$/, '')
  const draft = `${target}.${process.pid}`
  const { inputs, programs } = await joinCode({ modules, extension: '.ts', target: draft })
  const hashed = sourceFiles([...SOURCE_FOLDERS, ...COORDINATOR_FOLDERS])
  const sources = [...new Set([...inputs, ...hashed])].map((path) => joinedSource(pathToFileURL(path)))
  writeFileSync(`${draft}/list.json`, JSON.stringify({ sources, programs } satisfies JoinedList))
  // Whoever does it at the same time makes the same.
  rmSync(target, { recursive: true, force: true })
  mkdirSync(dirname(target), { recursive: true })
  renameSync(draft, target)
}

await main()
