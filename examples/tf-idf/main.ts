// The words that tell documents apart: how often in this one, against in how many of them (term frequency, inverse document frequency).
import { connect } from 'shoal'

const texts = {
  fish: 'fish swim in a shoal and the shoal swims as one fish',
  birds: 'birds fly in a flock and the flock turns as one bird',
  threads: 'threads run in a pool and the pool runs as one program',
}

await using shoal = await connect()
const documents = shoal.dataset(Object.entries(texts))
const total = await documents.count()
const words = documents.flatMap(([id, text]) => text.split(' ').map((word) => ({ id, word })))
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
for (const [id, { word, score }] of best) console.log(`${id.padEnd(8)} ${word} ${score.toFixed(2)}`)
