import { expect, test } from 'vitest'
import { linesOf } from '../run-example.ts'

const slopes = [3, -2, 0.5, 0, 1, -1, 4, -0.25]
const points = Array.from({ length: 400 }, (_, index) => {
  const x = slopes.map((_, place) => Math.sin((index + 1) * (place + 1) * 1.7) / (place + 1))
  return { x, y: x.reduce((sum, value, place) => sum + value * slopes[place]!, Math.cos(index * 9.1) / 10) }
})

/** The loss before each step of the training. */
function lossesOf(rate: number, decay: number, steps: number): number[] {
  const weights = slopes.map(() => 0)
  return Array.from({ length: steps }, (_, step) => {
    const gradient = weights.map(() => 0)
    let loss = 0
    for (const { x, y } of points) {
      let error = -y
      for (let place = 0; place < x.length; place++) error += x[place]! * weights[place]!
      loss += error ** 2 / points.length
      for (let place = 0; place < x.length; place++) gradient[place]! += (2 * error * x[place]!) / points.length
    }
    for (let place = 0; place < weights.length; place++)
      weights[place]! -= (rate / (1 + decay * step)) * gradient[place]!
    return Number.isFinite(loss) ? loss : Infinity
  })
}

test('the sweep keeps whom training every candidate at once would keep, and spends a fraction of its steps', async () => {
  const all = [0.01, 0.03, 0.1, 0.3, 0.6, 1, 1.5, 2].flatMap((rate) =>
    [0, 0.02].map((decay) => ({ rate, decay, losses: lossesOf(rate, decay, 310) })),
  )
  const expected: string[] = []
  let [running, steps, spent] = [all, 0, 0]
  for (let more = 10; running.length > 0; more *= 2) {
    steps += more
    spent += more * running.length
    running = [...running].sort((left, right) => left.losses[steps - 1]! - right.losses[steps - 1]!)
    const { rate, decay, losses } = running[0]!
    expected.push(
      `${String(running.length).padStart(2)} after ${steps} steps, the best: rate ${rate}, decay ${decay}, loss ${losses[steps - 1]!.toFixed(4)}`,
    )
    running = running.slice(0, Math.floor(running.length / 2))
  }
  expect(await linesOf('parameter-sweep')).toEqual([...expected, `${spent} steps in place of ${steps * all.length}`])
})
