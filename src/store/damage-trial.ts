import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
  closeSync,
  fstatSync,
} from 'node:fs'
import { join } from 'node:path'
import { openDurableStore } from './durable-store.ts'
import { configMap, environment } from './store-suite.ts'
import type { Mutation, Store } from './store.ts'
import { StoreError } from './store.ts'

/** Numbers from 0 to below 1 that depend on the seed alone. */
export function seeded(seed: number): () => number {
  let state = (seed * 0x9e3779b9) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Stands for all that a store says: two that agree have the same. */
export function digestOf(store: Store): string {
  const hash = createHash('sha256')
  const snapshot = store.durable()
  for (const resource of [...snapshot.resources()].toSorted()) {
    for (const { key, object, created, modified } of snapshot.list(resource))
      hash.update(JSON.stringify([resource, key, object, created, modified]))
  }
  return hash.digest('hex')
}

/** Overwrites a range of the file with noise, with zeros, or with bytes from elsewhere in it; says which. */
function overwrite(path: string, seed: number): string {
  const random = seeded(seed)
  const file = openSync(path, 'r+')
  const { size } = fstatSync(file)
  const [at, length] = place(random, size)
  const bytes = Buffer.alloc(length)
  const kind = ['noise', 'noise', 'zeros', 'copy'][Math.floor(random() * 4)]!
  if (kind === 'noise') for (let i = 0; i < length; i++) bytes[i] = Math.floor(random() * 256)
  if (kind === 'copy') readSync(file, bytes, 0, length, Math.floor(random() * (size - length)))
  writeSync(file, bytes, 0, length, at)
  closeSync(file)
  return `${length} bytes of ${kind} at ${at}`
}

/** Half of the ranges lie anywhere and have up to 100 kB; the others are made to hit what is small and matters. */
function place(random: () => number, size: number): readonly [at: number, length: number] {
  const target = random()
  const length = Math.floor((target < 0.5 ? Math.min(100_000, size) : 12) ** random())
  if (target < 0.8) return [Math.floor(random() * (size - length)), length]
  // The header or the mark, then the first frames.
  if (target < 0.9) return [Math.floor(random() * 2) * 512 + Math.floor(random() * 100), length]
  return [4096 + Math.floor(random() * 100), length]
}

/** Deletes and writes many records, so that pages are freed and used again. */
async function exercise(store: Store): Promise<void> {
  const old = [...store.durable().list('configmaps')].filter((_, i) => i % 3 === 0)
  const mutations = old.map((entry, i): Mutation => {
    const { resource, key } = entry
    if (i % 2 === 0) return { type: 'delete', resource, key }
    return { type: 'update', resource, key, object: configMap(key, 'new '.repeat((i * 37) % 3000)) }
  })
  for (let i = 0; i < mutations.length; i += 100) await store.commit(mutations.slice(i, i + 100))
}

/** What became of a store that was damaged: `damaged` or `io` with a message, or `same`; all else is a fault. */
async function outcomeOf(directory: string, digest: string): Promise<string> {
  try {
    const store = await openDurableStore(directory, environment)
    if (digestOf(store) !== digest) return 'WRONG DATA'
    await exercise(store)
    const after = digestOf(store)
    await store.close()
    const again = await openDurableStore(directory, environment)
    const kept = digestOf(again) === after
    await again.close()
    return kept ? 'same' : 'WRONG DATA after writes'
  } catch (error) {
    if (error instanceof StoreError) return `${error.code}: ${error.message}`
    return `WRONG ERROR: ${String(error)}`
  }
}

async function main([source, digest, from, to]: readonly string[]): Promise<void> {
  for (let seed = Number(from); seed < Number(to); seed++) {
    const directory = `${source}-${seed}`
    mkdirSync(directory)
    const names = readdirSync(source!).filter((name) => /^(state|changes)\./.test(name))
    for (const name of names) copyFileSync(join(source!, name), join(directory, name))
    const path = join(directory, names[seed % names.length]!)
    // Told beforehand, so that it is known which one ended the process.
    process.stdout.write(`${seed}: ${overwrite(path, seed)}: `)
    process.stdout.write(`${await outcomeOf(directory, digest!)}\n`)
    rmSync(directory, { recursive: true })
  }
}

if (import.meta.main) await main(process.argv.slice(2))
