import { act } from '../dataset/actions.ts'
import type { Plan } from '../dataset/actions.ts'
import type { WriteOptions, WriteResult } from '../dataset/dataset.ts'
import type { WriteFormat } from '../dataset/plan.ts'
import type { Unit } from '../dataset/stage-input.ts'
import { decodeValues } from '../wire/values.ts'
import { openOutput } from './open-output.ts'
import type { Written } from './write-sink.ts'

const EXTENSIONS: Readonly<Record<WriteFormat['kind'], string>> = {
  text: '.txt',
  jsonLines: '.jsonl',
  csv: '.csv',
  parquet: '.parquet',
}

/** Writes all records, a file for each task that has some, and makes them visible together: or nothing of them. */
export async function writeDataset(
  plan: Plan,
  to: string,
  format: WriteFormat,
  options: WriteOptions,
): Promise<WriteResult> {
  const extension = EXTENSIONS[format.kind]
  return act(plan, [], async (execution, flow) => {
    const output = await openOutput(to, extension, options.overwrite === true, plan.host, options.s3 ?? {})
    try {
      const written = new Map<Unit, Written>()
      const made = (unit: Unit, values: Uint8Array) => void written.set(unit, decodeValues(values)[0] as Written)
      const given = output.given === undefined ? {} : { given: output.given }
      await execution.run(flow, { kind: 'write', format, target: output.target }, { made, ...given })
      const inOrder = [...written].sort(([left], [right]) => left.order - right.order)
      const kept = inOrder.filter(([, { rows }], index) => rows > 0 || (index === 0 && inOrder.every(isEmpty)))
      const files = await output.commit(kept)
      const sum = (of: (each: Written) => number) => kept.reduce((all, [, each]) => all + of(each), 0)
      return { files, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) }
    } catch (error) {
      await output.abandon()
      throw error
    }
  })
}

const isEmpty = ([, { rows }]: readonly [Unit, Written]): boolean => rows === 0
