import type { Output } from '../shuffle/output.ts'
import { bytesOf, isSame, partitionBytes, refTo, rowsOfOutput } from '../shuffle/output.ts'
import type { PartRef } from '../shuffle/output.ts'
import type { OutputShare, Recovered, Unit } from './stage-input.ts'

/** What the tasks of a stage left on their workers, and how each of it is made again where it is lost. */
export interface Materialized {
  /** Under which it is kept on the workers. */
  readonly name: string
  readonly partitions: number
  readonly outputs: readonly Output[]
  /** The units that they were made of, in the same order. */
  readonly units: readonly Unit[]
  recover(id: number): Promise<Recovered>
}

/** Runs the units once more and gives their new outputs, in the same order. */
export type MakeAgain = (units: readonly Unit[]) => Promise<readonly Output[]>

export function materialized(
  name: string,
  partitions: number,
  made: ReadonlyMap<Unit, Output>,
  makeAgain: MakeAgain,
): Materialized {
  const entries = [...made].sort(([left], [right]) => left.order - right.order)
  const units = entries.map(([unit]) => unit)
  const outputs = entries.map(([, output]) => output)
  const recovering = new Map<string, Promise<Recovered>>()
  const again = async (address: string): Promise<Recovered> => {
    const lost = [...outputs.keys()].filter((id) => outputs[id]!.address === address)
    const before = lost.map((id) => outputs[id]!)
    const remade = await makeAgain(lost.map((id) => units[id]!))
    lost.forEach((id, index) => (outputs[id] = remade[index]!))
    return { isChanged: (from, to) => before.some((output, index) => !isSame(output, remade[index]!, from, to)) }
  }
  return {
    name,
    partitions,
    outputs,
    units,
    recover(id) {
      // Whatever else that worker held is lost with it: all of it is made again at once.
      const { address } = outputs[id]!
      const underWay = recovering.get(address)
      if (underWay !== undefined) return underWay
      const recovered = again(address)
      recovering.set(address, recovered)
      return recovered
    },
  }
}

export function totalBytes({ outputs }: Materialized): number {
  return outputs.reduce((sum, output) => sum + bytesOf(output), 0)
}

export function totalRows({ outputs }: Materialized): number {
  return outputs.reduce((sum, output) => sum + rowsOfOutput(output), 0)
}

/** Bytes of each partition over all outputs. */
export function bytesByPartition({ outputs, partitions }: Materialized): Float64Array {
  const bytes = new Float64Array(partitions)
  for (const output of outputs) {
    for (let partition = 0; partition < partitions; partition++) {
      bytes[partition]! += partitionBytes(output, partition, partition + 1)
    }
  }
  return bytes
}

/** Refers to partitions `from` up to `to` of all outputs, or of those in `only`; ids count on from `firstId`. */
export function refsTo(
  { outputs }: Materialized,
  firstId: number,
  from: number,
  to: number,
  only?: readonly OutputShare[],
): readonly PartRef[] {
  const wanted: readonly OutputShare[] = only ?? outputs.map((_, output) => ({ output }))
  const refs: PartRef[] = []
  for (const { output, segments } of wanted) {
    const ref = refTo(firstId + output, outputs[output]!, from, to, segments)
    if (ref !== undefined) refs.push(ref)
  }
  return refs
}
