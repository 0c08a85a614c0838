// A sweep over parameters that stops early what does not lead anywhere (successive halving): all candidates are trained a little, the
// better half goes on where it was, for twice as long, until one is left.
//
//     bin/shoal run examples/parameter-sweep/main.ts
import { connect, task } from 'shoal'
import type { Future } from 'shoal'

interface Candidate {
  readonly rate: number
  readonly decay: number
}

/** How far the training of a candidate has come. */
interface Trained {
  readonly weights: readonly number[]
  readonly steps: number
  readonly loss: number
}

/** Points around a line with eight slopes, the same ones each time; the model is to find the slopes. */
const slopes = [3, -2, 0.5, 0, 1, -1, 4, -0.25]
const points = Array.from({ length: 400 }, (_, index) => {
  const x = slopes.map((_, place) => Math.sin((index + 1) * (place + 1) * 1.7) / (place + 1))
  return { x, y: x.reduce((sum, value, place) => sum + value * slopes[place]!, Math.cos(index * 9.1) / 10) }
})

/** Steps down the gradient of the squared error, from where the candidate was. */
const train = task(
  ({ rate, decay }: Candidate, from: Trained | undefined, more: number): Trained => {
    let weights = from?.weights ?? slopes.map(() => 0)
    let loss = Infinity
    const until = (from?.steps ?? 0) + more
    for (let step = from?.steps ?? 0; step < until; step++) {
      const gradient = weights.map(() => 0)
      loss = 0
      for (const { x, y } of points) {
        const error = x.reduce((sum, value, place) => sum + value * weights[place]!, -y)
        loss += error ** 2 / points.length
        x.forEach((value, place) => (gradient[place]! += (2 * error * value) / points.length))
      }
      weights = weights.map((weight, place) => weight - (rate / (1 + decay * step)) * gradient[place]!)
    }
    return { weights, steps: until, loss: Number.isFinite(loss) ? loss : Infinity }
  },
  { name: 'train' },
)

await using shoal = await connect()
const candidates = [0.01, 0.03, 0.1, 0.3, 0.6, 1, 1.5, 2].flatMap((rate) => [0, 0.02].map((decay) => ({ rate, decay })))
let running: { candidate: Candidate; trained?: Future<Trained> }[] = candidates.map((candidate) => ({ candidate }))
let spent = 0
for (let more = 10; ; more *= 2) {
  // What a candidate has learned goes from call to call without passing through this program.
  const round = running.map(({ candidate, trained }) => ({
    candidate,
    trained: shoal.submit(train, candidate, trained, more),
  }))
  const results = await Promise.all(round.map(async (own) => ({ ...own, ...(await own.trained) })))
  const [best, ...others] = results.sort((left, right) => left.loss - right.loss)
  const { candidate, steps, loss } = best!
  spent += more * results.length
  console.log(
    `${String(results.length).padStart(2)} after ${steps} steps, the best: rate ${candidate.rate}, decay ${candidate.decay}, loss ${loss.toFixed(4)}`,
  )
  if (others.length === 0) {
    console.log(`${spent} steps in place of ${steps * candidates.length}`)
    break
  }
  running = results.slice(0, results.length / 2)
}
