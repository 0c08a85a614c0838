// The product of two matrices by blocks: each block of the result is a chain of calls, one for each pair of blocks that goes into it, and
// every block is sent to a worker once, however many calls take it.
//
//     bin/shoal run examples/matrix-multiply/main.ts [SIZE] [BLOCK]
import { connect, task } from 'shoal'
import type { Future, ObjectRef } from 'shoal'

const size = Number(process.argv[2] ?? 240)
const block = Number(process.argv[3] ?? 80)
const blocks = Math.ceil(size / block)

/** A square of numbers, row by row; it reaches beyond the matrix with zeros where its size is no multiple of the block's. */
const blockOf = (fill: (row: number, column: number) => number, down: number, across: number): Float64Array =>
  Float64Array.from({ length: block * block }, (_, at) => {
    const [row, column] = [down * block + Math.floor(at / block), across * block + (at % block)]
    return row < size && column < size ? fill(row, column) : 0
  })

/** Adds the product of two blocks to what there is of the result. */
const multiplyAdd = task(
  async (left: ObjectRef<Float64Array>, right: ObjectRef<Float64Array>, sum: Float64Array | undefined) => {
    const [a, b] = [await left.get(), await right.get()]
    const result = sum ?? new Float64Array(block * block)
    for (let row = 0; row < block; row++) {
      for (let inner = 0; inner < block; inner++) {
        const factor = a[row * block + inner]!
        for (let column = 0; column < block; column++)
          result[row * block + column]! += factor * b[inner * block + column]!
      }
    }
    return result
  },
  { name: 'multiply-add' },
)

await using shoal = await connect()
const numbers = Array.from({ length: blocks }, (_, index) => index)
const stored = (fill: (row: number, column: number) => number) =>
  numbers.map((down) => numbers.map((across) => shoal.put(blockOf(fill, down, across))))
const left = stored((row, column) => ((row * 7 + column * 3) % 11) - 5)
const right = stored((row, column) => ((row * 5 + column * 2) % 13) - 6)

const product = numbers.map((down) =>
  numbers.map((across) => {
    // Each call waits for the one before it; chains of different blocks run at the same time.
    let sum: Future<Float64Array> | undefined
    for (const inner of numbers) sum = shoal.submit(multiplyAdd, left[down]![inner]!, right[inner]![across]!, sum)
    return sum!
  }),
)

let trace = 0
let [total, largest] = [0, -Infinity]
for (const [down, row] of product.entries()) {
  for (const [across, future] of row.entries()) {
    const values = await future
    for (const value of values) total += value
    for (const value of values) largest = Math.max(largest, value)
    for (let at = 0; down === across && at < block; at++) trace += values[at * block + at]!
  }
}
console.log(`${size} x ${size} in ${blocks * blocks} blocks: trace ${trace}, sum ${total}, largest ${largest}`)
