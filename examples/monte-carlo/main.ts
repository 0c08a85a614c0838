// The price of a European call option by simulation: batches of random paths on the workers, each with a seed of its own, so that the
// price is the same each time, however many workers there are. Beside it what Black and Scholes' formula says.
//
//     bin/shoal run examples/monte-carlo/main.ts [PATHS]
import { connect } from 'shoal'

const option = { spot: 100, strike: 105, rate: 0.03, volatility: 0.2, years: 1 }
const batches = 40
const paths = Math.ceil(Number(process.argv[2] ?? 2_000_000) / batches)

/** Numbers from 0 to 1, the same ones for the same seed (Mulberry32). */
function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Two numbers of the normal distribution from two of the uniform one (Box and Muller). */
function normalPair(random: () => number): readonly [number, number] {
  const radius = Math.sqrt(-2 * Math.log(1 - random()))
  const angle = 2 * Math.PI * random()
  return [radius * Math.cos(angle), radius * Math.sin(angle)]
}

/** The sums of what `paths` paths pay, discounted, and of its squares. */
function simulate(seed: number): readonly [sum: number, squares: number] {
  const { spot, strike, rate, volatility, years } = option
  const random = uniform(seed)
  const drift = (rate - volatility ** 2 / 2) * years
  const spread = volatility * Math.sqrt(years)
  const discount = Math.exp(-rate * years)
  let [sum, squares] = [0, 0]
  for (let path = 0; path < paths; path += 2) {
    for (const normal of normalPair(random)) {
      const pays = discount * Math.max(0, spot * Math.exp(drift + spread * normal) - strike)
      sum += pays
      squares += pays * pays
    }
  }
  return [sum, squares]
}

/** The formula; the normal distribution by its series, which is exact enough in a few dozen steps. */
function blackScholes({ spot, strike, rate, volatility, years }: typeof option): number {
  const normal = (x: number) => {
    let [term, sum] = [x, x]
    for (let n = 1; n < 100; n++) sum += term *= (x * x) / (2 * n + 1)
    return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
  }
  const spread = volatility * Math.sqrt(years)
  const d = (Math.log(spot / strike) + (rate + volatility ** 2 / 2) * years) / spread
  return spot * normal(d) - strike * Math.exp(-rate * years) * normal(d - spread)
}

await using shoal = await connect()
const seeds = Array.from({ length: batches }, (_, batch) => Math.imul(batch + 1, 0x9e3779b1))
const sums = await shoal.map(seeds, simulate)
const count = batches * Math.ceil(paths / 2) * 2
const mean = sums.reduce((all, [sum]) => all + sum, 0) / count
const variance = sums.reduce((all, [, squares]) => all + squares, 0) / count - mean ** 2
console.log(`${count} paths: ${mean.toFixed(4)}, standard error ${Math.sqrt(variance / count).toFixed(4)}`)
console.log(`formula: ${blackScholes(option).toFixed(4)}`)
