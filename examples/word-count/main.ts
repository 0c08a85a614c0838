import { connect } from 'shoal'

await using shoal = await connect()
const top = await shoal
  .files(...process.argv.slice(2))
  .flatMap((text) => text.toLowerCase().match(/[a-z]+/g) ?? [])
  .countBy((word) => word)
  .top(20, ([, n]) => n)

for (const [word, n] of top) console.log(`${String(n).padStart(10)}  ${word}`)
