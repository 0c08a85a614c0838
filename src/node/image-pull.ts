import type { Container, Pod } from '../api/generated/core-v1.ts'
import { ImageError } from '../runtime/runtime.ts'
import type { NodeContext } from './node-context.ts'
import type { ContainerRecord, Waiting } from './pod-record.ts'
import { tell } from './pod-events.ts'

/** The kubelet's pause between pulls of an image that fails: 10 s, doubled up to 5 min. */
const FIRST_PAUSE_MS = 10_000
const MOST_PAUSE_MS = 300_000

/** The image is there, or why it is not and when to try again. */
export type ImageOutcome =
  | { readonly present: true }
  | { readonly present: false; readonly waiting: Waiting; readonly notBeforeMs: number; readonly backoffMs: number }

/** Makes a container's image available as its pull policy says, and tells of it in the kubelet's words. */
export async function ensureImage(
  context: NodeContext,
  pod: Pod,
  container: Container,
  record: ContainerRecord,
): Promise<ImageOutcome> {
  const image = container.image ?? ''
  const known = await context.runtime.imageStatus(image)
  if (known !== undefined && container.imagePullPolicy !== 'Always') {
    tell(context, pod, container, 'Normal', 'Pulled', `Container image "${image}" already present on machine`)
    return { present: true }
  }
  if (container.imagePullPolicy === 'Never') return neverPull(context, pod, container, image)
  try {
    tell(context, pod, container, 'Normal', 'Pulling', `Pulling image "${image}"`)
    const started = context.env.clock.monotonicMs()
    const { sizeBytes } = await context.runtime.pullImage(image)
    const took = `${Math.round(context.env.clock.monotonicMs() - started)}ms`
    const words = `in ${took} (${took} including waiting). Image size: ${sizeBytes} bytes.`
    tell(context, pod, container, 'Normal', 'Pulled', `Successfully pulled image "${image}" ${words}`)
    return { present: true }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    return failed(context, pod, container, record, error)
  }
}

function neverPull(context: NodeContext, pod: Pod, container: Container, image: string): ImageOutcome {
  const message = `Container image "${image}" is not present with pull policy of Never`
  tell(context, pod, container, 'Warning', 'ErrImageNeverPull', message)
  tell(context, pod, container, 'Warning', 'Failed', 'Error: ErrImageNeverPull')
  const waiting = { reason: 'ErrImageNeverPull', message }
  return { present: false, waiting, notBeforeMs: context.env.clock.now() + FIRST_PAUSE_MS, backoffMs: FIRST_PAUSE_MS }
}

function failed(
  context: NodeContext,
  pod: Pod,
  container: Container,
  record: ContainerRecord,
  error: ImageError,
): ImageOutcome {
  const image = container.image ?? ''
  tell(context, pod, container, 'Warning', 'Failed', `Failed to pull image "${image}": ${error.message}`)
  tell(context, pod, container, 'Warning', 'Failed', `Error: ${error.reason}`)
  const backoffMs = Math.min(MOST_PAUSE_MS, record.backoffMs === 0 ? FIRST_PAUSE_MS : record.backoffMs * 2)
  const waiting = { reason: error.reason, message: error.message }
  return { present: false, waiting, notBeforeMs: context.env.clock.now() + backoffMs, backoffMs }
}
