import type { ContainerStatus } from '../runtime/runtime.ts'
import { mayRestart } from './next-step.ts'
import { recordOf } from './pod-record.ts'
import type { ContainerRecord, LastWords } from './pod-record.ts'
import type { PodWork } from './pod-work.ts'
import { containerNamed, putContainer } from './pod-work.ts'
import { withBackoff } from './restart-backoff.ts'

/** Takes in a container's new state, once; its last words are read before anybody is told of its end. */
export async function takeIn(work: PodWork, status: ContainerStatus): Promise<void> {
  if (!isNews(work, status)) return
  if (status.state.phase !== 'exited') return put(work, status, {})
  const lastWords = await lastWordsOf(work, status)
  // Whoever else heard of this end may have been faster.
  if (isNews(work, status)) put(work, status, { lastWords })
}

/** An attempt that was replaced has nothing to say any more, and none ends twice. */
function isNews({ record }: PodWork, { name, id }: ContainerStatus): boolean {
  const { current } = recordOf(record, name)
  return current?.id === id && current.state.phase !== 'exited'
}

function put(work: PodWork, status: ContainerStatus, more: Pick<ContainerRecord, 'lastWords'>): void {
  const known = { ...recordOf(work.record, status.name), current: status, ...more }
  const container = containerNamed(work.pod, status.name)
  const { state } = status
  const isRestarted =
    state.phase === 'exited' &&
    container !== undefined &&
    !work.ending.signal.aborted &&
    mayRestart(work.pod, container, state.exitCode)
  putContainer(work, status.name, isRestarted ? withBackoff(known, work.context.env.clock.now()) : known)
}

/** What the container wrote to its termination message file, or the end of its log where the spec falls back to that. */
async function lastWordsOf(
  { context, pod }: PodWork,
  { id, name, attempt, state }: ContainerStatus,
): Promise<LastWords> {
  const message = await context.files.readMessage(pod, name, attempt)
  const policy = containerNamed(pod, name)?.terminationMessagePolicy
  const failed = state.phase === 'exited' && state.exitCode !== 0
  if (message !== '' || policy !== 'FallbackToLogsOnError' || !failed) return { id, message }
  return { id, message: await endOfLog(context.runtime.logs(id, { tailLines: MESSAGE_LINES })) }
}

/** The kubelet's bounds of a message taken from the log. */
const MESSAGE_LINES = 80
const MESSAGE_BYTES = 2048

async function endOfLog(lines: AsyncIterable<{ readonly bytes: Uint8Array }>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const { bytes } of lines) chunks.push(bytes)
  return Buffer.concat(chunks).subarray(-MESSAGE_BYTES).toString()
}
