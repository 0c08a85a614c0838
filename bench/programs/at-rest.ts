import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'shoal'

// Works on all its workers once, and then keeps them for a while.
await using shoal = await connect()
await shoal.map(
  Array.from({ length: 200 }, (_, index) => index),
  (index) => {
    const until = performance.now() + 2
    while (performance.now() < until);
    return index
  },
)
console.log('at rest')
await sleep(30_000)
