import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { makeDirectory } from '../../env/make-directory.ts'
import { PROOF_FILE } from './write-sink.ts'
import { isAlive, processNamespace } from '../worker/scratch.ts'

/** Which program writes here. */
const WRITER_FILE = '.writer'
/** What was there before, while it is being replaced. */
const REPLACED = 'replaced'

/** Makes the directory beside `path` that tasks write into until all of it is there. */
export async function makeStaging(path: string, unique: string): Promise<string> {
  const staging = join(dirname(path), stagingName(path, unique))
  makeDirectory(staging)
  await writeFile(join(staging, WRITER_FILE), writer())
  await writeFile(join(staging, PROOF_FILE), unique)
  return staging
}

export const stagingName = (path: string, unique: string): string => `.${basename(path)}.${unique}`

const place = () => `${hostname()} ${processNamespace()}`
const writer = () => `${place()} ${process.pid}`

/** Removes what killed programs have left; one that was killed while it replaced what was there is undone. */
export async function removeStale(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(stagingName(path, '')))) {
    const staging = join(dirname(path), name)
    const told = await readFile(join(staging, WRITER_FILE), 'utf8').catch(() => '')
    const pid = told.startsWith(`${place()} `) ? Number(told.slice(place().length + 1)) : 0
    if (pid === 0 || isAlive(pid)) continue
    if (!(await exists(path))) await rename(join(staging, REPLACED), path).catch(() => {})
    await rm(staging, { recursive: true, force: true })
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/** For a moment neither is there: a directory that has something in it cannot be replaced in one step. */
export async function putInPlaceOf(path: string, made: string, staging: string): Promise<void> {
  const aside = join(staging, REPLACED)
  const wasThere = await rename(path, aside).then(
    () => true,
    () => false,
  )
  try {
    await rename(made, path)
  } catch (error) {
    if (wasThere) await rename(aside, path)
    throw error
  }
}
