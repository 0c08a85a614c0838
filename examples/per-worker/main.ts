// A thing that each worker thread makes once for itself, such as a connection: here, a dictionary that is slow to build.
//
//     bin/shoal run examples/per-worker/main.ts
import { connect, perWorker } from 'shoal'

const squares = perWorker(() => new Map(Array.from({ length: 100_000 }, (_, n) => [n * n, n])))

await using shoal = await connect()
const roots = await shoal.map([49, 50, 144, 9_801], (n) => squares().get(n) ?? 'none')
console.log(roots.join(' '))
