// Thumbnails of pictures: workers read PNG files, make them small and write them. The library that reads and writes pictures comes from npm
// and travels to the workers by itself. Without arguments it makes a few pictures of its own first.
//
//     bin/shoal run examples/thumbnails/main.ts ['pictures/*.png' [DIRECTORY]]
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { decode, encode } from 'fast-png'
import { connect } from 'shoal'

/** Thumbnails are this wide at most. */
const width = 64

interface Picture {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: ArrayLike<number>
}

/** Each pixel of the small picture is the mean of those that it stands for. */
function smaller({ width: fromWidth, height: fromHeight, channels, data }: Picture) {
  const scale = Math.max(1, fromWidth / width)
  const size = { width: Math.floor(fromWidth / scale), height: Math.max(1, Math.floor(fromHeight / scale)), channels }
  const small = new Uint8Array(size.width * size.height * channels)
  for (let at = 0; at < small.length; at++) {
    const [x, y] = [Math.floor(at / channels) % size.width, Math.floor(at / channels / size.width)]
    let [sum, count] = [0, 0]
    for (let row = Math.floor(y * scale); row < Math.floor((y + 1) * scale); row++) {
      for (let column = Math.floor(x * scale); column < Math.floor((x + 1) * scale); column++, count++) {
        sum += data[(row * fromWidth + column) * channels + (at % channels)]!
      }
    }
    small[at] = Math.round(sum / count)
  }
  return { ...size, data: small }
}

/** Rings of colours around a place that differs from picture to picture. */
function rings(index: number): Uint8Array {
  const [width, height] = [320 + 64 * index, 240]
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)]
    return Math.round(127 + 127 * Math.sin(Math.hypot(x - 40 * index, y - 120) / 20 + (at % 3) * 2))
  })
  return encode({ width, height, channels: 3, data })
}

const directory = await mkdtemp(join(tmpdir(), 'thumbnails-'))
const pictures = process.argv[2] ?? join(directory, '*.png')
const to = process.argv[3] ?? join(directory, 'small')
if (process.argv[2] === undefined) {
  for (let index = 0; index < 6; index++) await writeFile(join(directory, `rings-${index}.png`), rings(index))
}
await mkdir(to, { recursive: true })

{
  await using shoal = await connect()
  const made = shoal
    .files(pictures)
    .binaryFiles()
    .map(({ path, bytes }) => {
      const picture = decode(bytes)
      const small = smaller(picture)
      const name = basename(path)
      return {
        name,
        text: `${picture.width} x ${picture.height} to ${small.width} x ${small.height}`,
        png: encode(small),
      }
    })
  for await (const { name, text, png } of made.iterate()) {
    await writeFile(join(to, name), png)
    console.log(`${name}: ${text}`)
  }
}
await rm(directory, { recursive: true })
