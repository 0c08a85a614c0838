// Results as soon as each is there: the item that waits longest comes last, wherever it stood.
//
//     bin/shoal run examples/as-completed/main.ts
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'shoal'

await using shoal = await connect({ workers: { threads: 3, cpu: '100m' } })
const waits = [2000, 10, 1000]
const stream = shoal.imap(
  waits,
  async (ms) => {
    await sleep(ms)
    return ms
  },
  { ordered: false, chunkSize: 1 },
)
for await (const ms of stream) console.log(`waited ${ms} ms`)
