import { writeSync } from 'node:fs'
import { seeded } from '../../src/store/damage-trial.ts'
import { openDurableStore } from '../../src/store/durable-store.ts'
import { configMap, environment } from '../../src/store/store-suite.ts'
import type { Mutation } from '../../src/store/store.ts'

/** Small, so that a short run writes its state anew several times. */
export const COMPACTION = { leastBytes: 60_000 }
const OBJECTS = 60

/** Objects after one of the plan's commits: value and the commits (counted from 1) that created and wrote each last. */
export type ModelState = ReadonlyMap<
  string,
  { readonly value: string; readonly created: number; readonly modified: number }
>

export interface PlannedCommit {
  readonly mutations: readonly Mutation[]
  /** What there must be after it. */
  readonly state: ModelState
}

/** Commits that follow from `seed` alone: creations, updates and deletions of up to 30 kB, some of several objects. */
export function* planOf(seed: number, count: number): Iterable<PlannedCommit> {
  const random = seeded(seed)
  let state: ModelState = new Map()
  for (let number = 1; number <= count; number++) {
    const next = new Map(state)
    const mutations: Mutation[] = []
    const width = random() < 0.8 ? 1 : 1 + Math.floor(random() * 8)
    for (let i = 0; i < width; i++) mutations.push(mutationOf(random, next, number))
    state = next
    yield { mutations, state }
  }
}

type Next = Map<string, { value: string; created: number; modified: number }>

function mutationOf(random: () => number, next: Next, number: number): Mutation {
  const name = `n${Math.floor(random() * OBJECTS)}`
  const at = { resource: 'configmaps', key: `default/${name}` } as const
  const known = next.get(name)
  if (known !== undefined && random() < 0.2) {
    next.delete(name)
    return { ...at, type: 'delete' }
  }
  const value = `${number} `.repeat(Math.floor((random() < 0.1 ? 8000 : 200) * random()) + 1)
  next.set(name, { value, created: known?.created ?? number, modified: number })
  return { ...at, type: known === undefined ? 'create' : 'update', object: configMap(name, value) }
}

/** Carries out the plan, some commits at once, and says on standard output which are acknowledged. */
async function main([directory = '', seed = '1', count = '1']: readonly string[]): Promise<void> {
  const random = seeded(Number(seed) + 1_000_000)
  const store = await openDurableStore(directory, environment, { compaction: COMPACTION })
  const start = store.durable().revision
  writeSync(1, `start ${start}\n`)
  let last: Promise<unknown> = Promise.resolve()
  for (const { mutations } of planOf(Number(seed), Number(count))) {
    last = store.commit(mutations).then(({ revision }) => writeSync(1, `ack ${revision - start}\n`))
    if (random() < 0.5) await last
  }
  await last
  await store.close()
}

if (import.meta.main) await main(process.argv.slice(2))
