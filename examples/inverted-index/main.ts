// Which documents contain a word: pairs of word and document, each once, grouped by word.
import { connect } from 'shoal'

const documents = [
  { id: 'fish', text: 'a shoal of fish moves as one' },
  { id: 'birds', text: 'a flock of birds turns as one' },
  { id: 'threads', text: 'many threads move one program' },
]

await using shoal = await connect()
const index = await shoal
  .dataset(documents)
  .flatMap(({ id, text }) => text.split(' ').map((word) => [word, id] as const))
  .distinct()
  .groupByKey()
  .mapValues((ids) => ids.sort())
  .sort(([word]) => word)
  .collect()
for (const [word, ids] of index) if (ids.length > 1) console.log(`${word}: ${ids.join(', ')}`)
