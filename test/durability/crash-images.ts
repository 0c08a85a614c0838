import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { seeded } from '../../src/store/damage-trial.ts'
import { openDurableStore } from '../../src/store/durable-store.ts'
import { configMap, environment } from '../../src/store/store-suite.ts'
import type { Store } from '../../src/store/store.ts'
import { writeImage } from './power-cut.ts'
import { canTrace, recordCalls } from './recorded-calls.ts'
import type { Call } from './recorded-calls.ts'
import { planOf } from './workload.ts'
import type { ModelState } from './workload.ts'

const COMMITS = 250
/** Images that are made of one recording. */
const IMAGES_A_RECORDING = 250

/**
 * Records the system calls of a store under load, makes `count` images of what power cuts could leave of its files, and opens
 * each. Returns a line for each that has lost an acknowledged commit, has one that was never made, or cannot be used.
 */
export async function tryImages(seed: number, count: number): Promise<readonly string[]> {
  const root = mkdtempSync(join(tmpdir(), 'shoal-images-'))
  const faults: string[] = []
  try {
    for (let done = 0; done < count; done += IMAGES_A_RECORDING) {
      const planSeed = seed + done
      const recorded = join(root, `${planSeed}`)
      const workload = fileURLToPath(new URL('workload.ts', import.meta.url))
      const command = [process.execPath, workload, recorded, String(planSeed), String(COMMITS)]
      const calls = recordCalls(command, join(root, 'trace'), recorded)
      const states = [...planOf(planSeed, COMMITS)].map(({ state }) => state)
      for (let i = 0; i < Math.min(IMAGES_A_RECORDING, count - done); i++) {
        const fault = await tryImage(calls, states, planSeed * 1_000 + i, join(root, 'image'))
        if (fault !== undefined) faults.push(`plan ${planSeed}, image ${planSeed * 1_000 + i}: ${fault}`)
      }
    }
    return faults
  } finally {
    rmSync(root, { recursive: true })
  }
}

async function tryImage(
  calls: readonly Call[],
  states: readonly ModelState[],
  seed: number,
  directory: string,
): Promise<string | undefined> {
  const random = seeded(seed)
  const cut = Math.floor(random() * (calls.length + 1))
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  writeImage(calls, cut, random, directory)
  const { start, acknowledged } = toldBy(calls, cut)
  try {
    const fault = await openAndCompare(directory, states, start, acknowledged)
    return fault === undefined ? undefined : `cut after ${cut} of ${calls.length} calls: ${fault}`
  } catch (error) {
    return `cut after ${cut} of ${calls.length} calls: ${String(error)}`
  }
}

/** Where revisions start, and the last commit whose caller was told before the power went. */
function toldBy(calls: readonly Call[], cut: number): { readonly start: number; readonly acknowledged: number } {
  let [start, acknowledged] = [0, 0]
  for (const [i, call] of calls.entries()) {
    if (call.type !== 'said') continue
    const [word, number] = call.text.split(' ')
    if (word === 'start') start = Number(number)
    else if (i < cut) acknowledged = Math.max(acknowledged, Number(number))
  }
  return { start, acknowledged }
}

async function openAndCompare(
  directory: string,
  states: readonly ModelState[],
  start: number,
  acknowledged: number,
): Promise<string | undefined> {
  const store = await openDurableStore(directory, environment)
  try {
    const { revision } = store.durable()
    // Where no name was durable yet, the store is new, and begins with the time.
    const reached = acknowledged === 0 && [...store.durable().resources()].length === 0 ? 0 : revision - start
    if (reached < acknowledged) return `${acknowledged} commits were acknowledged, ${reached} are there`
    const fault = difference(store, reached === 0 ? new Map() : states[reached - 1], start)
    if (fault !== undefined) return `after commit ${reached}: ${fault}`
  } finally {
    await store.close()
  }
  return await goOn(directory)
}

function difference(store: Store, state: ModelState | undefined, start: number): string | undefined {
  if (state === undefined) return 'there was no such commit'
  const found = [...store.durable().list('configmaps')]
  if (found.length !== state.size) return `${found.length} objects, expected ${state.size}`
  for (const { object, created, modified } of found) {
    const wanted = state.get(object.metadata.name ?? '')
    const value = (object as ReturnType<typeof configMap>).data.value
    if (wanted === undefined || wanted.value !== value) return `${object.metadata.name} has another value`
    if (wanted.created !== created - start || wanted.modified !== modified - start)
      return `${object.metadata.name} has versions ${created - start} and ${modified - start}`
  }
  return undefined
}

/** What was found must go on, too. */
async function goOn(directory: string): Promise<string | undefined> {
  const mutation = { resource: 'secrets', key: 'default/later', object: configMap('later', 'x'.repeat(3_000)) } as const
  const store = await openDurableStore(directory, environment)
  const { revision } = await store.commit([{ type: 'create', ...mutation }])
  await store.close()
  const again = await openDurableStore(directory, environment)
  const kept = again.durable().revision === revision && again.durable().count('secrets') === 1
  await again.close()
  return kept ? undefined : 'a later commit was lost'
}

/** `node test/durability/crash-images.ts --seed N --count N` */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, count: { type: 'string' } } })
  if (!canTrace()) return console.log('not tried: this machine has no strace, or does not let it work')
  const count = Number(values.count ?? 1000)
  const faults = await tryImages(Number(values.seed ?? 1), count)
  for (const fault of faults) console.log(fault)
  console.log(`${count - faults.length} images passed, ${faults.length} failed`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

if (import.meta.main) await main()
