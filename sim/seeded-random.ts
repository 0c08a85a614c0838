import type { Random } from '../src/env/random.ts'
import { uuidFrom } from '../src/env/random.ts'

/** A random source that a seed determines, with what a simulation draws most. */
export interface SeededRandom extends Random {
  /** Whether something of that probability happens now. */
  chance(probability: number): boolean
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  pick<T>(choices: readonly T[]): T
  /** An independent source, determined by the seed and `name` alone: what one draws does not disturb the others. */
  fork(name: string): SeededRandom
}

/** The generator is sfc32, seeded with four hashes of the seed's text. */
export function createSeededRandom(seed: string | number): SeededRandom {
  const text = String(seed)
  const next = sfc32([0, 1, 2, 3].map((salt) => hash(text, salt)))
  const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(next() * 256))
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    bytes,
    uuid: () => uuidFrom(bytes(16)),
    chance: (probability) => next() < probability,
    between,
    pick: (choices) => choices[between(0, choices.length - 1)]!,
    fork: (name) => createSeededRandom(`${text}/${name}`),
  }
}

/** FNV-1a with a salt, and its bits stirred. */
function hash(text: string, salt: number): number {
  let h = 0x811c9dc5 ^ Math.imul(salt + 1, 0x9e3779b1)
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function sfc32(seeds: readonly number[]): () => number {
  let [a = 0, b = 0, c = 0, d = 0] = seeds
  const next = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + t) | 0
    return (t >>> 0) / 0x1_0000_0000
  }
  for (let i = 0; i < 15; i++) next()
  return next
}
