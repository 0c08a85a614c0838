import { apiError } from '../api/meta/status.ts'
import type { LogOptions } from '../client/client.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { exitOf, recordOf } from './pod-record.ts'
import type { ContainerRecord } from './pod-record.ts'
import type { PodWorker } from './pod-worker.ts'

/** What the kubelet says in place of a container's waiting reason. */
const WORDS: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
}

/** The log of a pod's container as bytes, as `kubectl logs` asks for it. */
export async function containerLogs(
  runtime: Runtime,
  worker: PodWorker,
  container: string,
  options: LogOptions,
  nowMs: number,
): Promise<AsyncIterable<Uint8Array>> {
  const known = recordOf(worker.record, container)
  const status = options.previous === true ? previousOf(known) : known.current
  const { name } = worker.pod.metadata
  if (status === undefined && options.previous === true) {
    throw apiError('BadRequest', `previous terminated container "${container}" in pod "${name}" not found`)
  }
  if (status === undefined) {
    const reason = known.waiting?.reason ?? 'ContainerCreating'
    const why = WORDS[reason] ?? reason
    throw apiError('BadRequest', `container "${container}" in pod "${name}" is waiting to start: ${why}`)
  }
  if (runtime.containerStatus(status.id) === undefined) return lost(`${runtime.name}://${status.id}`)
  const sinceMs = options.sinceSeconds === undefined ? timeOf(options.sinceTime) : nowMs - options.sinceSeconds * 1000
  const lines = runtime.logs(status.id, {
    ...(options.follow !== undefined && { follow: options.follow }),
    ...(options.tailLines !== undefined && { tailLines: options.tailLines }),
    ...(sinceMs !== undefined && { sinceMs }),
    ...(options.signal !== undefined && { signal: options.signal }),
  })
  return bytesOf(lines, options.timestamps === true, options.limitBytes ?? Number.POSITIVE_INFINITY)
}

/** The kubelet answers with a sentence, not an error, where a log is gone. */
async function* lost(id: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(`unable to retrieve container logs for ${id}`)
}

/** The attempt that the status shows as the last state: while the next one is held back, that is the newest. */
function previousOf(known: ContainerRecord) {
  return known.waiting !== undefined && exitOf(known) !== undefined ? known.current : known.previous
}

const timeOf = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text))

async function* bytesOf(lines: ReturnType<Runtime['logs']>, timestamps: boolean, limit: number) {
  let left = limit
  let isNewLine = true
  for await (const { timeMs, bytes } of lines) {
    // A long line comes in parts.
    const stamp =
      timestamps && isNewLine ? Buffer.from(`${new Date(timeMs).toISOString().replace('Z', '000000Z')} `) : undefined
    isNewLine = bytes.at(-1) === 10
    const whole = stamp === undefined ? bytes : Buffer.concat([stamp, bytes])
    yield whole.subarray(0, left)
    left -= whole.byteLength
    if (left <= 0) return
  }
}
