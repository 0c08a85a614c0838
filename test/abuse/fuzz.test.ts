import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDecoders } from './decoders.ts'
import type { Decoder } from './decoders.ts'
import found from './found.json' with { type: 'json' }
import { faultOf, fuzz } from './fuzz.ts'

const INPUTS = 150
let decoders: readonly Decoder[] = []
let close: () => Promise<void>

beforeAll(async () => {
  const created = await createDecoders()
  decoders = created.decoders
  close = created.close
})

afterAll(() => close())

test('each decoder takes its corpus as it is', async () => {
  for (const decoder of decoders)
    for (const bytes of decoder.corpus) expect(await faultOf(decoder, bytes)).toBeUndefined()
})

test('whatever a decoder is given, it gives a value or refuses in its own words', async () => {
  const faults: string[] = []
  for (const decoder of decoders) faults.push(...(await fuzz(decoder, 40_000, INPUTS)))
  expect(faults).toEqual([])
})

test.each(found)('$decoder: $found, and does no more', async ({ decoder: name, input }) => {
  const decoder = decoders.find((each) => each.name === name)
  expect(await faultOf(decoder!, Buffer.from(input))).toBeUndefined()
})
