// Sorts lines by their bytes into a directory of files, in memory that does not grow with the input. Without arguments it shows the
// last two lines of a short file.
//
//     bin/shoal run examples/external-sort/main.ts [FILES... DIRECTORY]
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'shoal'

const [inputs, to] =
  process.argv.length > 3 ? [process.argv.slice(2, -1), process.argv.at(-1)!] : [['LICENSE'], undefined]
const directory = to ?? join(await mkdtemp(join(tmpdir(), 'sorted-')), 'lines')

await using shoal = await connect()
const lines = shoal.files(...inputs).lines()
const { files, rows } = await lines.sort().writeText(directory, { overwrite: true })
console.log(`${rows} lines`)

if (to === undefined) {
  const sorted = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  console.log(sorted.join('').trimEnd().split('\n').slice(-2).join('\n'))
  await rm(join(directory, '..'), { recursive: true })
}
