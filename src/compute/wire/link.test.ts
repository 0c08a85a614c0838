import { duplexPair } from 'node:stream'
import { expect, test } from 'vitest'
import { openLink, readControl } from './link.ts'
import type { Link } from './link.ts'
import { GREETING_MS } from './handshake.ts'
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

test('whoever says nothing, or gives no proof, is left after ten seconds in which it could be heard', async () => {
  const [ours, theirs] = duplexPair()
  const closed = Promise.withResolvers<Error | undefined>()
  let waitedMs = 0
  let next: (() => void) | undefined
  openLink(ours, 'coordinator', 't', {
    after(ms, action) {
      next = () => ((waitedMs += ms), action())
      return { cancel: () => (next = undefined) }
    },
    onOpen: () => {},
    onFrame: () => {},
    onClosed: closed.resolve,
  })
  theirs.resume()
  while (!ours.destroyed) next!()
  expect(waitedMs).toBe(GREETING_MS)
  expect((await closed.promise)?.message).toBe('Cannot wait for the other side: no proof came in 10 s')
})
