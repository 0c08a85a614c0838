// The sum of the digits of a few large powers: one function, many items, results in the order of the items.
//
//     bin/shoal run examples/map/main.ts [BASE]
import { connect } from 'shoal'

const base = BigInt(process.argv[2] ?? 3)
const digitSum = (n: bigint) => [...String(n)].reduce((sum, digit) => sum + Number(digit), 0)

await using shoal = await connect()
const exponents = [1000, 2000, 3000, 4000]
const sums = await shoal.map(exponents, (exponent) => digitSum(base ** BigInt(exponent)))
for (const [i, sum] of sums.entries()) console.log(`${base}^${exponents[i]} has digits that sum to ${sum}`)
