import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode } from 'fast-png'
import { afterAll, expect, test } from 'vitest'
import { linesOf } from '../run-example.ts'

const directory = mkdtempSync(join(tmpdir(), 'shoal-thumbnails-'))
afterAll(() => rmSync(directory, { recursive: true }))

test('each pixel of a thumbnail is the mean of those that it stands for', async () => {
  // Squares of four by four pixels of one colour each, and one pixel of each that is brighter by 16: the mean is one more.
  const colour = (x: number, y: number, channel: number) => (x * 3 + y * 7 + channel * 40) % 200
  const [width, height] = [256, 128]
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)]
    return colour(x >> 2, y >> 2, at % 3) + (x % 4 === 1 && y % 4 === 2 ? 16 : 0)
  })
  for (const name of ['a', 'b', 'c'])
    writeFileSync(join(directory, `${name}.png`), encode({ width, height, channels: 3, data }))
  const small = join(directory, 'small')
  const lines = await linesOf('thumbnails', join(directory, '*.png'), small)
  expect(lines).toEqual(['a', 'b', 'c'].map((name) => `${name}.png: 256 x 128 to 64 x 32`))
  expect(readdirSync(small).sort()).toEqual(['a.png', 'b.png', 'c.png'])
  const thumbnail = decode(readFileSync(join(small, 'b.png')))
  expect(thumbnail).toMatchObject({ width: 64, height: 32, channels: 3 })
  const expected = Array.from({ length: 64 * 32 * 3 }, (_, at) => {
    return colour(Math.floor(at / 3) % 64, Math.floor(at / 3 / 64), at % 3) + 1
  })
  expect([...thumbnail.data]).toEqual(expected)
})
