// Any image and command, once for each input, as an Indexed Job: here a shell that sorts the words of a line and leaves a file.
//
//     bin/shoal run examples/array-job/main.ts
import { connect } from 'shoal'

const image = `node:${process.versions.node.split('.')[0]}`
const inputs = ['the quick brown fox', 'jumps over', 'the lazy dog']

await using shoal = await connect()
const script = 'tr " " "\\n" < "$SHOAL_INPUT" | sort > "$SHOAL_OUTPUT/words"; wc -l < "$SHOAL_OUTPUT/words"'
await using job = await shoal.arrayJob({ image, command: ['sh', '-c', script], inputs, collect: true })
for (const { index, log, files } of await job.succeeded()) {
  const words = Buffer.from(files.get('words') ?? []).toString()
  console.log(`${index}: ${log.trim()} words, ${words.trim().replaceAll('\n', ' ')}`)
}
