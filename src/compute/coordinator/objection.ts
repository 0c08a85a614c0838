import { ComputeError } from '../errors.ts'
import type { WorkerFacts } from '../wire/messages.ts'

/** Why the worker cannot be used; undefined where it can. Values cross in the form of V8, which may change with Node's major version. */
export function objectionTo(
  { pod, nodeVersion }: WorkerFacts,
  ours: string = process.version,
): ComputeError | undefined {
  if (majorOf(nodeVersion) === majorOf(ours)) return undefined
  const message = `Cannot use worker "${pod}": its image has Node ${nodeVersion}, expected ${majorOf(ours)} as here (${ours})`
  const hint = `Name an image with that version, such as node:${majorOf(ours).slice(1)}`
  return new ComputeError('SHOAL_NODE_VERSION', message, { hint, facts: { pod, nodeVersion, expected: ours } })
}

const majorOf = (version: string) => version.split('.')[0] ?? ''
