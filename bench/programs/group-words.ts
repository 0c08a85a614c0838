import { connect } from 'shoal'

/** Groups the words of a file, every one of them shuffled, and prints how often the three most frequent ones occur. */
await using shoal = await connect({ workers: { count: 2, threads: 1 } })
const top = await shoal
  .files(process.argv[2]!)
  .flatMap((text) => text.match(/[a-z]+/g) ?? [])
  .groupBy((word) => word)
  .map(([word, all]) => [word, all.length] as const)
  .top(3, ([, count]) => count)
for (const [word, count] of top) console.log(`${word} ${count}`)
