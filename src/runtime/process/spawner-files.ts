import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'

const FOLDER = path.join(import.meta.dirname, 'spawner')

/**
 * The spawner's entry file. Run from TypeScript sources, its types are stripped here, once, and not by the spawner:
 * loading Node's type stripper would cost it 13 MB and 20 ms. Published, it is JavaScript already.
 */
export async function spawnerEntry(directory: string): Promise<string> {
  if (!import.meta.filename.endsWith('.ts')) return path.join(FOLDER, 'main.js')
  const target = path.join(directory, 'spawner')
  await mkdir(target, { recursive: true })
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  await Promise.all(
    names.map(async (name) => {
      const source = await readFile(path.join(FOLDER, name), 'utf8')
      const code = withoutTypes(source).replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.mjs'")
      await writeFile(path.join(target, name.replace(/\.ts$/, '.mjs')), code)
    }),
  )
  return path.join(target, 'main.mjs')
}

/** Node calls its type stripper experimental, in a warning to whoever uses it first: not to be shown to our users. */
function withoutTypes(source: string): string {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}
