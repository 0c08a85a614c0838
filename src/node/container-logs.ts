import { apiError } from '../api/meta/status.ts'
import type { LogOptions } from '../client/client.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { recordOf } from './pod-record.ts'
import type { PodWorker } from './pod-worker.ts'

/** The log of a pod's container as bytes, as `kubectl logs` asks for it. */
export async function containerLogs(
  runtime: Runtime,
  worker: PodWorker,
  container: string,
  options: LogOptions,
  nowMs: number,
): Promise<AsyncIterable<Uint8Array>> {
  const known = recordOf(worker.record, container)
  const status = options.previous === true ? known.previous : known.current
  const { name } = worker.pod.metadata
  if (status === undefined && options.previous === true) {
    throw apiError('BadRequest', `previous terminated container "${container}" in pod "${name}" not found`)
  }
  if (status === undefined) {
    const reason = known.waiting?.reason ?? 'ContainerCreating'
    const why = /ImagePull|ErrImage/.test(reason) ? 'trying and failing to pull image' : reason
    throw apiError('BadRequest', `container "${container}" in pod "${name}" is waiting to start: ${why}`)
  }
  const sinceMs = options.sinceSeconds === undefined ? timeOf(options.sinceTime) : nowMs - options.sinceSeconds * 1000
  const lines = runtime.logs(status.id, {
    ...(options.follow !== undefined && { follow: options.follow }),
    ...(options.tailLines !== undefined && { tailLines: options.tailLines }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(options.signal !== undefined && { signal: options.signal }),
  })
  return bytesOf(lines, options.timestamps === true, options.limitBytes ?? Number.POSITIVE_INFINITY)
}

const timeOf = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))

async function* bytesOf(lines: ReturnType<Runtime['logs']>, timestamps: boolean, limit: number) {
  let left = limit
  for await (const { timeMs, bytes } of lines) {
    const stamp = timestamps ? Buffer.from(`${new Date(timeMs).toISOString().replace('Z', '000000Z')} `) : undefined
    const whole = stamp === undefined ? bytes : Buffer.concat([stamp, bytes])
    yield whole.subarray(0, left)
    left -= whole.byteLength
    if (left <= 0) return
  }
}
