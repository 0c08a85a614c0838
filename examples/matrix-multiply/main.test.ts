import { expect, test } from 'vitest'
import { runExample } from '../run-example.ts'

const left = (row: number, column: number) => ((row * 7 + column * 3) % 11) - 5
const right = (row: number, column: number) => ((row * 5 + column * 2) % 13) - 6

test.each([
  ['blocks that fit', 90, 30],
  ['blocks that reach beyond the matrix', 50, 23],
])('the product by %s is that of three loops', async (_, size, block) => {
  let [trace, total, largest] = [0, 0, -Infinity]
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let value = 0
      for (let inner = 0; inner < size; inner++) value += left(row, inner) * right(inner, column)
      if (row === column) trace += value
      total += value
      largest = Math.max(largest, value)
    }
  }
  const blocks = Math.ceil(size / block) ** 2
  expect(await runExample('matrix-multiply', String(size), String(block))).toBe(
    `${size} x ${size} in ${blocks} blocks: trace ${trace}, sum ${total}, largest ${largest}\n`,
  )
})
