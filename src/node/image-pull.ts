import type { Container } from '../api/generated/core-v1.ts'
import { ImageError } from '../runtime/runtime.ts'
import type { ImageInfo } from '../runtime/runtime.ts'
import { invalidImageName } from './image-name.ts'
import type { ContainerRecord } from './pod-record.ts'
import { tell } from './pod-events.ts'
import type { PodWork } from './pod-work.ts'
import { pullCredentials } from './pull-secrets.ts'
import { isOver, longer, lookAt } from './restart-backoff.ts'

/** The pause before an image that cannot be pulled at all is looked for again, in milliseconds: the kubelet's. */
const HOPELESS_PAUSE_MS = 10_000

/** The image is there, or the container's record says why not and when to try again. */
export type ImageOutcome =
  | { readonly present: true; readonly image: Pick<ImageInfo, 'reference' | 'user'> }
  | { readonly present: false; readonly record: ContainerRecord }

/** Makes a container's image available as its pull policy says, and tells of it in the kubelet's words. */
export async function ensureImage(work: PodWork, container: Container, known: ContainerRecord): Promise<ImageOutcome> {
  const { context, pod } = work
  const image = container.image ?? ''
  const fault = invalidImageName(image)
  if (fault !== undefined)
    return hopeless(work, container, known, { reason: 'InvalidImageName', event: 'InspectFailed' }, fault)
  const found = await context.runtime.imageStatus(image)
  if (found !== undefined && container.imagePullPolicy !== 'Always') {
    tell(context, pod, container, 'Normal', 'Pulled', `Container image "${image}" already present on machine`)
    return { present: true, image: found }
  }
  if (container.imagePullPolicy === 'Never') return neverPull(work, container, known)
  return heldBack(work, container, known) ?? (await pull(work, container, known))
}

async function pull(work: PodWork, container: Container, known: ContainerRecord): Promise<ImageOutcome> {
  const { context, pod } = work
  const image = container.image ?? ''
  const { clock } = context.env
  try {
    tell(context, pod, container, 'Normal', 'Pulling', `Pulling image "${image}"`)
    const started = clock.monotonicMs()
    const logins = await pullCredentials(work, image)
    const pulled = await context.runtime.pullImage(image, work.ending.signal, logins)
    const took = `${Math.round(clock.monotonicMs() - started)}ms`
    const words = `in ${took} (${took} including waiting). Image size: ${pulled.sizeBytes} bytes.`
    tell(context, pod, container, 'Normal', 'Pulled', `Successfully pulled image "${image}" ${words}`)
    return { present: true, image: pulled }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error
    return failed(work, container, known, error)
  }
}

function neverPull(work: PodWork, container: Container, known: ContainerRecord): ImageOutcome {
  const message = `Container image "${container.image}" is not present with pull policy of Never`
  const reason = 'ErrImageNeverPull'
  return hopeless(work, container, known, { reason, event: reason }, message)
}

/** An image for which no registry is asked. */
function hopeless(
  { context, pod }: PodWork,
  container: Container,
  known: ContainerRecord,
  { reason, event }: { readonly reason: string; readonly event: string },
  message: string,
): ImageOutcome {
  tell(context, pod, container, 'Warning', event, message)
  tell(context, pod, container, 'Warning', 'Failed', `Error: ${reason}`)
  const notBeforeMs = context.env.clock.now() + HOPELESS_PAUSE_MS
  return { present: false, record: { ...known, waiting: { reason, message }, notBeforeMs } }
}

/** After a failed pull the image is left alone for a while, which is told by a reason of its own. */
function heldBack({ context, pod }: PodWork, container: Container, known: ContainerRecord): ImageOutcome | undefined {
  const { pull: last } = known
  if (last === undefined || isOver(last.untilMs, context.env.clock.now())) return undefined
  const words = `Back-off pulling image "${container.image}"`
  tell(context, pod, container, 'Normal', 'BackOff', words)
  tell(context, pod, container, 'Warning', 'Failed', 'Error: ImagePullBackOff')
  const waiting = { reason: 'ImagePullBackOff', message: `${words}: ${last.error}` }
  return { present: false, record: { ...known, waiting, notBeforeMs: last.untilMs } }
}

function failed(work: PodWork, container: Container, known: ContainerRecord, error: ImageError): ImageOutcome {
  const { context, pod } = work
  const { reason, message } = error
  tell(context, pod, container, 'Warning', 'Failed', `Failed to pull image "${container.image}": ${message}`)
  tell(context, pod, container, 'Warning', 'Failed', `Error: ${reason}`)
  const nowMs = context.env.clock.now()
  const backoff = longer(known.pull, nowMs)
  const again = { pull: { ...backoff, error: `${reason}: ${message}` }, notBeforeMs: lookAt(backoff, nowMs) }
  return { present: false, record: { ...known, waiting: { reason, message }, ...again } }
}
