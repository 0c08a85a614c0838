import { expect, test } from 'vitest'
import { createFrameReader, encodeFrame } from './frame.ts'

test('frames arrive whole however their bytes are cut', () => {
  const bodies = [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(70_000).fill(7)]
  const stream = Buffer.concat(bodies.map((body, kind) => encodeFrame(kind + 1, body)))
  for (const step of [1, 4, 5, 6, 1000, stream.length]) {
    const got: [number, Uint8Array][] = []
    const read = createFrameReader({ maxBytes: () => 100_000, onFrame: (kind, body) => got.push([kind, body]) })
    for (let at = 0; at < stream.length; at += step) read(stream.subarray(at, at + step))
    expect(got.map(([kind]) => kind)).toEqual([1, 2, 3])
    got.forEach(([, body], index) => expect(Buffer.compare(body, bodies[index]!)).toBe(0))
  }
})

test('a frame larger than allowed is refused before memory is taken for it', () => {
  const read = createFrameReader({ maxBytes: () => 10, onFrame: () => {} })
  expect(() => read(encodeFrame(1, new Uint8Array(10)))).toThrow('it has 11 bytes, expected 1 to 10')
})
