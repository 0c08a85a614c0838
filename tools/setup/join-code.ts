import { readFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import { isJoined, JOINED_CODE, joinedSource } from '../../src/cluster/thread/joined-code.ts'

/**
 * Joins the sources of the cluster's thread into a few files, unless that was done since they have changed: the thread of
 * every `shoal run` reads them. They stay what they are: packages are imported, files beside a source are found beside it.
 */
async function main(): Promise<void> {
  if (isJoined()) return
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const target = fileURLToPath(JOINED_CODE).replace(/\/$/, '')
  const draft = `${target}.${process.pid}`
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cluster/thread/cluster-thread.ts'],
    outdir: draft,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
    minifyWhitespace: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
    plugins: [placesOfSources],
  })
  const sources = Object.keys(metafile.inputs).map((path) => joinedSource(pathToFileURL(`${root}${path}`)))
  writeFileSync(`${draft}/sources.json`, JSON.stringify(sources))
  // Whoever does it at the same time makes the same.
  rmSync(target, { recursive: true, force: true })
  mkdirSync(dirname(target), { recursive: true })
  renameSync(draft, target)
}

/** A source that asks where it lies is told of its own place, not of that of the file which it has become part of. */
const placesOfSources: Plugin = {
  name: 'places of sources',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
      if (!text.includes('import.meta')) return undefined
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.filename', JSON.stringify(path))
      return { loader: 'ts', contents }
    })
  },
}

await main()
