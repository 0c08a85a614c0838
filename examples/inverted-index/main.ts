// Which documents contain a word: pairs of word and document, each once, grouped by word. It shows the words of more than one document.
//
//     bin/shoal run examples/inverted-index/main.ts ['documents/*.txt']
import { basename } from 'node:path'
import { connect } from 'shoal'

await using shoal = await connect()
const index = await shoal
  .files(process.argv[2] ?? 'examples/inverted-index/documents/*.txt')
  .binaryFiles()
  .flatMap(({ path, bytes }) => {
    const words =
      new TextDecoder()
        .decode(bytes)
        .toLowerCase()
        .match(/[a-z]+/g) ?? []
    return words.map((word) => [word, basename(path)] as const)
  })
  .distinct()
  .groupByKey()
  .mapValues((names) => names.sort())
  .filter(([, names]) => names.length > 1)
  .sort(([word]) => word)
  .collect()
for (const [word, names] of index) console.log(`${word}: ${names.join(', ')}`)
