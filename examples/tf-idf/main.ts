// The words that tell documents apart: how often in this one, against in how many of them (term frequency, inverse document frequency).
//
//     bin/shoal run examples/tf-idf/main.ts ['documents/*.txt']
import { basename } from 'node:path'
import { connect } from 'shoal'

await using shoal = await connect()
const documents = shoal
  .files(process.argv[2] ?? 'examples/tf-idf/documents/*.txt')
  .binaryFiles()
  .map(({ path, bytes }) => [basename(path), new TextDecoder().decode(bytes).toLowerCase()] as const)
const total = await documents.count()
const words = documents.flatMap(([id, text]) => (text.match(/[a-z]+/g) ?? []).map((word) => ({ id, word })))
const inDocuments = words
  .distinct()
  .countBy(({ word }) => word)
  .map(([word, count]) => [word, count] as const)
const scores = words
  .countBy(({ id, word }) => [id, word] as const)
  .map(([[id, word], times]) => [word, { id, times }] as const)
  .join(inDocuments)
  .map(([word, [{ id, times }, count]]) => [id, { word, score: times * Math.log(total / count) }] as const)
const best = await scores
  .reduceByKey((left, right) =>
    right.score > left.score || (right.score === left.score && right.word < left.word) ? right : left,
  )
  .sort(([id]) => id)
  .collect()
for (const [id, { word, score }] of best) console.log(`${id.padEnd(12)} ${word} ${score.toFixed(2)}`)
