import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { createResumableLink } from '../../src/compute/link/resumable-link.ts'
import type { ResumableLink } from '../../src/compute/link/resumable-link.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { virtualTime } from '../../src/reconcile/virtual-time.ts'
import { createSeededRandom } from '../../sim/seeded-random.ts'

/** Two ends of a connection through which `allow` bytes pass before it is cut; none are lost before that. */
function connection(allow: number): readonly [Duplex, Duplex] {
  let left = allow
  const ends: Duplex[] = []
  const end = (other: () => Duplex | undefined) =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        const passed = chunk.subarray(0, left)
        left -= passed.length
        // As a network does: later, and in pieces of its own.
        setImmediate(() => {
          other()?.push(passed)
          if (left <= 0) for (const each of ends) each.destroy()
          done()
        })
      },
    })
  const one: Duplex = end(() => (two.destroyed ? undefined : two))
  const two: Duplex = end(() => (one.destroyed ? undefined : one))
  ends.push(one, two)
  for (const each of ends) each.on('error', () => {})
  return [one, two]
}

const CHANNELS = 4
const textOf = (body: Uint8Array) => Buffer.from(body).toString()

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'seed %i: however often it is cut, each message arrives once, and those of a channel in order',
  async (seed) => {
    const random = createSeededRandom(seed)
    const env = systemEnvironment('error')
    const heard: string[][][] = [[], []]
    const all = Promise.withResolvers<void>()
    let expected = 0
    let count = 0
    const links: ResumableLink[] = [0, 1].map((side) => {
      const link: ResumableLink = createResumableLink({
        env,
        session: 's',
        onMessage(channel, body) {
          ;(heard[side]![channel] ??= []).push(textOf(body))
          link.consumed(channel, body.byteLength)
          if (++count === expected) all.resolve()
        },
        onDetached: () => {
          if (side === 0) attach()
        },
      })
      return link
    })
    const attach = () => {
      const [one, two] = connection(1 + Math.floor(random.next() ** 3 * 3_000_000))
      const positions = links.map((link) => link.position())
      links[0]!.attach(one, positions[1]!)
      links[1]!.attach(two, positions[0]!)
    }
    const said: string[][][] = [[], []]
    for (let n = 0; n < 60; n++) {
      for (const side of [0, 1]) {
        const channel = Math.floor(random.next() * CHANNELS)
        // Some are longer than a fragment.
        const text = `${n} ${'x'.repeat(Math.floor(random.next() ** 6 * 900_000))}`
        ;(said[side]![channel] ??= []).push(text)
        expected++
      }
    }
    attach()
    for (const [side, channels] of said.entries())
      for (const [channel, texts = []] of channels.entries())
        for (const text of texts) links[side]!.send(channel, Buffer.from(text))
    await all.promise
    expect(heard[1]!.map((texts) => texts.map((text) => text.length))).toEqual(
      said[0]!.map((texts) => texts.map((text) => text.length)),
    )
    expect(heard).toEqual([said[1], said[0]])
    for (const link of links) link.close()
  },
)

test('a connection that is silent for three beats counts as cut, and nothing is lost with it', async () => {
  const time = virtualTime()
  const cuts: string[] = []
  const heard: string[] = []
  const near = createResumableLink({
    env: time.env,
    session: 's',
    onMessage: () => {},
    onDetached: (error) => cuts.push(error?.message ?? 'closed'),
  })
  const far = createResumableLink({
    env: time.env,
    session: 's',
    onMessage: (_, body) => heard.push(textOf(body)),
    onDetached: () => {},
  })
  // Half open: it takes what it is given, and it never comes anywhere.
  const dead = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  near.attach(dead, far.position())
  near.send(1, Buffer.from('once'))
  time.advance(10_000)
  expect(near.isAttached).toBe(true)
  time.advance(10_000)
  await new Promise<void>((resolve) => dead.once('close', () => resolve()))
  expect(cuts).toEqual([expect.stringMatching(/^it was silent for \d+ s$/)])
  const [one, two] = connection(Number.POSITIVE_INFINITY)
  near.attach(one, far.position())
  far.attach(two, near.position())
  await expect.poll(() => heard).toEqual(['once'])
  near.close()
  far.close()
})
