import { ownProgram } from '../env/own-module.ts'

const load = async (path: string) => (await import(ownProgram(import.meta.url, path).href)) as unknown

/** The command line, joined into a few files where the set-up has done that and nothing of it has changed since. */
async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command !== 'run') return void (await load('./main'))
  // The longest that a program waits for is its cluster: that begins before the command line is even read.
  const { discardPrepared, prepareFor } = (await load(
    './program/prepare-cluster',
  )) as typeof import('./program/prepare-cluster.ts')
  prepareFor(args)
  try {
    await load('./main')
  } finally {
    // Where it was not a program after all.
    await discardPrepared()
  }
}

await main(process.argv.slice(2))
