import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { openLink, readControl } from './link.ts'
import type { Link } from './link.ts'
import type { Role } from './handshake.ts'

function open(tokens: readonly [string, string], roles: readonly [Role, Role] = ['coordinator', 'worker']) {
  const streams = duplexPair()
  const ends = ([0, 1] as const).map((side) => {
    const opened = Promise.withResolvers<Link>()
    const closed = Promise.withResolvers<Error | undefined>()
    const frames = Promise.withResolvers<unknown>()
    opened.promise.catch(() => {})
    openLink(streams[side], roles[side], tokens[side], {
      onOpen: opened.resolve,
      onFrame: (_, body) => frames.resolve(readControl(body)),
      onClosed: (error) => {
        closed.resolve(error)
        opened.reject(new Error('closed'))
      },
    })
    return { opened: opened.promise, closed: closed.promise, frame: frames.promise }
  })
  return ends as [(typeof ends)[0], (typeof ends)[0]]
}

test('two ends with one token trust each other and exchange frames both ways', async () => {
  const [coordinator, worker] = open(['t', 't'])
  ;(await coordinator.opened).sendControl({ hello: 'worker' })
  ;(await worker.opened).sendControl({ hello: 'coordinator' })
  expect(await worker.frame).toEqual({ hello: 'worker' })
  expect(await coordinator.frame).toEqual({ hello: 'coordinator' })
})

test('ends with different tokens part without a word', async () => {
  const [coordinator, worker] = open(['t', 'u'])
  await expect(coordinator.opened).rejects.toThrow()
  await expect(worker.opened).rejects.toThrow()
})

test('a proof cannot be reflected: two ends of one role part', async () => {
  const [left] = open(['t', 't'], ['worker', 'worker'])
  await expect(left.opened).rejects.toThrow()
  expect((await left.closed)?.message).toContain('it is a worker too')
})
