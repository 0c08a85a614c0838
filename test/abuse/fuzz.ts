import { parseArgs } from 'node:util'
import type { Decoder } from './decoders.ts'
import { createDecoders, isAnswer } from './decoders.ts'
import { mutants } from './mutate.ts'

/** An input longer than this on its way is one that a client could keep a server busy with. */
const SLOW_MS = 5_000

/** Gives a decoder `count` inputs that follow from `seed`; returns a line for each that was answered by anything but a value or a refusal. */
export async function fuzz(decoder: Decoder, seed: number, count: number): Promise<readonly string[]> {
  const faults: string[] = []
  for (const mutant of mutants(decoder.corpus, seed, count)) {
    const fault = await faultOf(decoder, mutant.bytes)
    if (fault !== undefined) faults.push(`${decoder.name}, seed ${mutant.seed}: ${fault}`)
  }
  return faults
}

/** What is wrong with the way a decoder takes an input; undefined where nothing is. */
export async function faultOf(decoder: Decoder, bytes: Buffer): Promise<string | undefined> {
  const started = process.cpuUsage()
  const failure = await Promise.resolve()
    .then(() => decoder.decode(bytes))
    .then(
      () => undefined,
      (error: unknown) => (isAnswer(error) ? undefined : error),
    )
  const busyMs = process.cpuUsage(started).user / 1000
  const shown = JSON.stringify(bytes.toString('latin1').slice(0, 500))
  if (failure !== undefined) return `${stackOf(failure)}\n  of ${shown}`
  return busyMs > SLOW_MS ? `it kept the server busy for ${Math.round(busyMs)} ms\n  of ${shown}` : undefined
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? String(error)).split('\n').slice(0, 4).join('\n') : String(error)

/** `node test/abuse/fuzz.ts --seed N --count N`: so many inputs for each decoder. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, count: { type: 'string' }, only: { type: 'string' } },
  })
  const count = Number(values.count ?? 20_000)
  const { decoders, close } = await createDecoders()
  let failed = 0
  for (const decoder of decoders.filter(({ name }) => values.only === undefined || name === values.only)) {
    const faults = await fuzz(decoder, Number(values.seed ?? 1), count)
    for (const fault of faults.slice(0, 20)) console.log(fault)
    failed += faults.length
    console.log(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${decoder.name}: ${count} inputs, ${faults.length} faults`)
  }
  await close()
  process.exitCode = failed === 0 ? 0 : 1
}

if (import.meta.main) await main()
