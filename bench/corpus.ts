import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './program.ts'

const SIZE_BYTES = 300e6
const PARTS = 32
const TEXT = /\.(md|js|mjs|cjs|ts|json)$/

/** 300 MB of real text, as one file and as 32 of about the same size. */
export interface Corpus {
  readonly one: readonly string[]
  readonly many: readonly string[]
}

/** Joins the text files under `node_modules`, again and again; made once and kept in `node_modules/.cache`. */
export function corpus(): Corpus {
  const directory = join(root, 'node_modules', '.cache', 'bench-corpus-300')
  if (!existsSync(directory)) make(directory)
  const many = readdirSync(directory).filter((name) => name.startsWith('part-'))
  return { one: [join(directory, 'whole.txt')], many: many.sort().map((name) => join(directory, name)) }
}

function make(directory: string): void {
  const unfinished = `${directory}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  const whole = openSync(join(unfinished, 'whole.txt'), 'w')
  const parts = Array.from({ length: PARTS }, (_, index) =>
    openSync(join(unfinished, `part-${String(index).padStart(2, '0')}.txt`), 'w'),
  )
  const files = textFiles(join(root, 'node_modules'))
  let bytes = 0
  for (let i = 0; bytes < SIZE_BYTES; i++) {
    const text = readFileSync(files[i % files.length]!)
    const lines = text.at(-1) === 10 ? text : Buffer.concat([text, Buffer.from('\n')])
    writeSync(whole, lines)
    writeSync(parts[Math.floor((bytes / SIZE_BYTES) * PARTS)]!, lines)
    bytes += lines.length
  }
  for (const file of [whole, ...parts]) closeSync(file)
  renameSync(unfinished, directory)
}

function textFiles(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && TEXT.test(entry.name) && !entry.parentPath.includes(`${directory}/.`))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
