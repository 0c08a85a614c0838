import { expect, test } from 'vitest'
import { createChunkSize } from './chunk-size.ts'
import { chunksOf } from './map.ts'

test('as many chunks wait as there are items, until it is known that these are short', () => {
  const size = createChunkSize()
  const flow = chunksOf(Array.from({ length: 1001 }), size)
  expect(flow.waiting?.()).toBe(1001)
  flow.take(2)
  // A second for one item: each is worth a thread of its own.
  size.observe(1, 1_000_000)
  expect(flow.waiting?.()).toBe(1000)
})

test('short items wait in as few chunks as they will be sent in', () => {
  const size = createChunkSize()
  const flow = chunksOf(Array.from({ length: 1001 }), size)
  flow.take(2)
  size.observe(1, 10)
  // Chunks grow eightfold at the most.
  expect(flow.waiting?.()).toBe(1000 / 8)
  while (flow.take(2) !== undefined);
  expect(flow.waiting?.()).toBe(0)
})

test('chunks of a size that was asked for are counted as such', () => {
  expect(chunksOf(Array.from({ length: 1001 }), createChunkSize(100)).waiting?.()).toBe(11)
})
