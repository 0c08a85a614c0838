import type { ConfigMap } from '../../api/generated/core-v1.ts'
import { ComputeError } from '../errors.ts'
import type { ArrayJobOptions } from './array-job-options.ts'

/** Kubernetes keeps a ConfigMap below 1 MiB, and its name and the base64 of its data count. */
const MAP_BYTES = 900_000
const TOTAL_BYTES = 32_000_000

/** ConfigMaps that together hold the inputs of `indexes`, each under the place that its index has in this Job. */
export function inputMaps(
  name: string,
  namespace: string,
  { inputs }: ArrayJobOptions,
  indexes: readonly number[],
): readonly ConfigMap[] {
  if (inputs === undefined) return []
  const maps: { binaryData: Record<string, string>; size: number }[] = []
  let total = 0
  for (const [place, index] of indexes.entries()) {
    const text = Buffer.from(bytesOf(inputs[index])).toString('base64')
    total += text.length
    if (text.length > MAP_BYTES) throw tooLarge(name, `input ${index} has ${text.length} bytes in base64`, MAP_BYTES)
    if (total > TOTAL_BYTES) throw tooLarge(name, `inputs 0 to ${index} have ${total} bytes in base64`, TOTAL_BYTES)
    let last = maps.at(-1)
    if (last === undefined || last.size + text.length > MAP_BYTES) maps.push((last = { binaryData: {}, size: 0 }))
    last.binaryData[String(place)] = text
    last.size += text.length
  }
  return maps.map(({ binaryData }, part) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${name}-inputs-${part}`, namespace },
    binaryData,
    immutable: true,
  }))
}

function bytesOf(input: unknown): Uint8Array {
  if (typeof input === 'string') return Buffer.from(input)
  return input instanceof Uint8Array ? input : Buffer.from(JSON.stringify(input) ?? 'null')
}

function tooLarge(name: string, current: string, limit: number): ComputeError {
  const message = `Cannot start array job "${name}": ${current}, expected ${limit} at the most`
  const hint = 'put large inputs into a volume or an object store, and give their names as inputs'
  return new ComputeError('SHOAL_ARRAY_JOB', message, { hint })
}
