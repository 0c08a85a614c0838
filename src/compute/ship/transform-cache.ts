import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { removeOldest } from './remove-oldest.ts'
import type { SourceFile } from './site.ts'

/** A module of the user as it runs, with what is known of its functions. */
export interface PreparedModule {
  readonly source: SourceFile
  readonly output: string
}

/** Raised when sites or the text of transformed code change their form, so that older files are not read. */
const FORMAT = 2

/** The newest files that are kept; the oldest of more than twice as many are removed. */
const KEPT_FILES = 500

/**
 * `prepare()`, or what an earlier run made `of` the same text, in the same place, for the same registry: with it neither the parser nor Node's type
 * stripper is loaded. A cache that cannot be read or written is none.
 */
export function withTransformCache(
  directory: string | undefined,
  of: readonly string[],
  prepare: () => PreparedModule,
): PreparedModule {
  if (directory === undefined) return prepare()
  const key = createHash('sha256')
    .update([FORMAT, process.version, ...of].join('\n'))
    .digest('hex')
    .slice(0, 32)
  const file = path.join(directory, `module-${key}.json`)
  const known = read(file)
  if (known) return known
  const made = prepare()
  write(directory, file, made)
  return made
}

function read(file: string): PreparedModule | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as PreparedModule
  } catch {
    return undefined
  }
}

function write(directory: string, file: string, made: PreparedModule): void {
  try {
    fs.mkdirSync(directory, { recursive: true })
    const temporary = `${file}.${process.pid}`
    fs.writeFileSync(temporary, JSON.stringify(made))
    fs.renameSync(temporary, file)
    removeOldest(directory, 'module-', KEPT_FILES)
  } catch {
    // A read-only or full disk costs time at the next start, nothing else.
  }
}
