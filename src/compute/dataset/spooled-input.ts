import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StageInput, Unit } from './stage-input.ts'

/** An input whose units lie on the driver's disk, ready to be sent as often as it takes. */
export interface SpooledInput extends Disposable {
  readonly input: StageInput
}

/**
 * Keeps what a source that can be read once gives, task by task, in a file of the driver's: parts that are lost can be made again, and
 * memory does not grow with the source. The file has no name and goes with the process at the latest.
 */
export function spooled(input: StageInput): SpooledInput {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-spool-'))
  const file = openSync(join(directory, 'units'), 'w+')
  rmSync(directory, { recursive: true })
  const places = new WeakMap<Unit, { readonly at: number; readonly bytes: number; readonly what: string }>()
  let end = 0
  const keep = (unit: Unit): Unit => {
    const encoded = input.encode(unit, false) as Uint8Array
    for (let written = 0; written < encoded.byteLength;) {
      written += writeSync(file, encoded, written, encoded.byteLength - written, end + written)
    }
    const kept = { order: unit.order }
    places.set(kept, { at: end, bytes: encoded.byteLength, what: input.describe(unit) })
    end += encoded.byteLength
    return kept
  }
  const read = (unit: Unit): Uint8Array => {
    const { at, bytes } = places.get(unit)!
    const encoded = new Uint8Array(bytes)
    for (let done = 0; done < bytes;) done += readSync(file, encoded, done, bytes - done, at + done)
    return encoded
  }
  return {
    input: {
      ...input,
      next(threads) {
        const unit = input.next(threads)
        return unit === undefined ? undefined : keep(unit)
      },
      encode: read,
      describe: (unit) => places.get(unit)?.what ?? 'records',
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}
