import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './program.ts'

const BLOCK_BYTES = 4 << 20
const LETTERS = 'etaoinshrdlcumwfgypbvkjxqz'
const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A file of `words` words of some 300,000 different ones, spread as words of a language are; made once and kept. */
export function wordsFile(words: number): string {
  return kept(`words-${words}.txt`, (write) => {
    const random = xorshift(42)
    const vocabulary = Array.from({ length: 300_000 }, (_, index) => wordOf(index))
    // Zipf's law, by the inverse of its distribution; the tail is even, so that all of them occur.
    const total = Math.log(vocabulary.length)
    for (let count = 0; count < words;) {
      const line: string[] = []
      for (let at = 0; at < 12 && count < words; at++, count++) {
        const index = random() < 0.85 ? Math.floor(Math.exp(random() * total)) - 1 : Math.floor(random() * 300_000)
        line.push(vocabulary[index]!)
      }
      write(`${line.join(' ')}\n`)
    }
  })
}

/** The word of that rank: the more frequent ones are shorter. */
function wordOf(rank: number): string {
  let word = ''
  for (let left = rank + 1; left > 0; left = Math.floor((left - 1) / LETTERS.length))
    word += LETTERS[(left - 1) % LETTERS.length]
  return rank < 1000 ? word : `${word}${LETTERS.slice(rank % 23, (rank % 23) + (rank % 4))}`
}

/** A file of `lines` lines of 100 bytes whose first ten are random; made once and kept. */
export function linesFile(lines: number): string {
  return kept(`lines-${lines}.txt`, (write) => {
    const random = xorshift(7)
    const filler = 'x'.repeat(79)
    for (let index = 0; index < lines; index++) {
      let key = ''
      for (let at = 0; at < 10; at++) key += SIGNS[Math.floor(random() * SIGNS.length)]
      write(`${key} ${String(index).padStart(8, '0')} ${filler.slice(0, 79)}\n`)
    }
  })
}

function kept(name: string, make: (write: (text: string) => void) => void): string {
  const directory = join(root, 'node_modules', '.cache', 'bench-inputs')
  const path = join(directory, name)
  if (existsSync(path)) return path
  mkdirSync(directory, { recursive: true })
  const draft = `${path}.${process.pid}`
  const file = openSync(draft, 'w')
  let held: string[] = []
  let bytes = 0
  const flush = () => {
    writeSync(file, held.join(''))
    held = []
    bytes = 0
  }
  make((text) => {
    held.push(text)
    bytes += text.length
    if (bytes >= BLOCK_BYTES) flush()
  })
  flush()
  closeSync(file)
  renameSync(draft, path)
  return path
}

/** Numbers from 0 to 1 that are the same on every machine. */
function xorshift(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}
