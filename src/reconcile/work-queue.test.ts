import { expect, test } from 'vitest'
import { virtualTime } from './virtual-time.ts'
import { createWorkQueue } from './work-queue.ts'

function queueWithTime() {
  const time = virtualTime()
  return { ...time, queue: createWorkQueue(time.env, () => {}) }
}

test('a work queue holds a key once, and gives it again after done when it came back meanwhile', () => {
  const { queue } = queueWithTime()
  queue.add('a')
  queue.add('b')
  queue.add('a')
  expect(queue.take()).toBe('a')
  queue.add('a')
  expect(queue.take()).toBe('b')
  expect(queue.take()).toBeUndefined()
  queue.done('a')
  expect(queue.take()).toBe('a')
})

test('a delayed key comes at the earliest of the times that were asked for', () => {
  const { queue, advance } = queueWithTime()
  queue.addAfter('a', 100)
  queue.addAfter('a', 50)
  queue.addAfter('a', 200)
  advance(49)
  expect(queue.take()).toBeUndefined()
  advance(1)
  expect(queue.take()).toBe('a')
  queue.done('a')
  advance(1000)
  expect(queue.take()).toBeUndefined()
})

test('retries back off as in Kubernetes: 5 ms doubled up to 1000 s, and from the start again after forget', () => {
  const { queue, advance } = queueWithTime()
  const waits: number[] = []
  for (let i = 0; i < 20; i++) {
    queue.addRateLimited('a')
    let waited = 0
    while (queue.take() === undefined) {
      advance(5)
      waited += 5
    }
    queue.done('a')
    waits.push(waited)
  }
  expect(waits.slice(0, 5)).toEqual([5, 10, 20, 40, 80])
  expect(waits.at(-1)).toBe(1_000_000)
  queue.forget('a')
  queue.addRateLimited('a')
  advance(5)
  expect(queue.take()).toBe('a')
})

test('a closed work queue takes and gives nothing', () => {
  const { queue, advance } = queueWithTime()
  queue.add('a')
  queue.addAfter('b', 10)
  queue.close()
  queue.add('c')
  advance(10)
  expect(queue.take()).toBeUndefined()
  expect(queue.delayed).toBe(0)
})
