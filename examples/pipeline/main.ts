// A graph of steps that fails in the middle, is mended, and goes on where it was: what was made before is not made again. Results are kept
// in DIRECTORY, so that this holds for a program that was killed too: `crash` ends it in the middle, and the next run goes on from there.
//
//     bin/shoal run examples/pipeline/main.ts [DIRECTORY [crash]]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'shoal'

const [kept, crash] = process.argv.slice(2)
const directory = kept ?? mkdtempSync(join(tmpdir(), 'shoal-pipeline-'))
const image = `node:${process.versions.node.split('.')[0]}`

await using shoal = await connect()

function report(limit: number) {
  const pipeline = shoal.pipeline('report', { directory })
  const names = pipeline.step('names', () => ['ada', 'grace', 'barbara'])
  const lengths = pipeline.forEach('lengths', names, (name) => {
    if (name.length > limit) throw new RangeError(`${name} is longer than ${limit}`)
    return name.length
  })
  const shouted = pipeline.container('shouted', names, { image, command: ['sh', '-c', 'tr a-z A-Z < "$SHOAL_INPUT"'] })
  const lines = pipeline.step(
    'lines',
    [shouted, lengths],
    ([all, sizes]) => all.map(({ log }, i) => `${log} ${sizes[i]}`),
    { when: () => crash === undefined || process.kill(process.pid, 'SIGKILL') },
  )
  pipeline.step('warning', lines, (all) => `${all.length} lines`, { when: (all) => all.length > 3 })
  return { pipeline, lines }
}

const first = await report(6)
  .pipeline.run()
  .catch((error: Error) => error.message)
console.log(first)

const { pipeline, lines } = report(7)
const result = await pipeline.run()
for (const { name, outcome } of result.steps) console.log(`${name}: ${outcome}`)
console.log(result.value(lines)?.join(', '))
if (kept === undefined) rmSync(directory, { recursive: true })
