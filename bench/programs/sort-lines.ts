import { connect } from 'shoal'

/** Sorts the lines of a file into a directory. */
await using shoal = await connect({ workers: { count: 2, threads: 1 } })
const { rows, bytes } = await shoal.files(process.argv[2]!).lines().sort().writeText(process.argv[3]!)
console.log(`${rows} ${bytes}`)
