import type { Container } from '../api/generated/core-v1.ts'
import { RuntimeError } from '../runtime/runtime.ts'
import { ContainerConfigError } from './config-error.ts'
import { containerSpec } from './container-spec.ts'
import { ensureImage } from './image-pull.ts'
import { runPostStart } from './lifecycle-hooks.ts'
import { tell } from './pod-events.ts'
import type { ContainerRecord, Waiting } from './pod-record.ts'
import { exitOf, recordOf } from './pod-record.ts'
import type { PodWork } from './pod-work.ts'
import { podLabel } from './pod-work.ts'
import { formatPause, isOver } from './restart-backoff.ts'
import { graceOf } from './stopping.ts'

/** The pause before a container whose configuration is wrong is tried again, in milliseconds: the kubelet's. */
const CONFIG_PAUSE_MS = 10_000

/** Makes and starts the next attempt of a container; returns its record, which says why where it could not. */
export async function startContainer(work: PodWork, container: Container): Promise<ContainerRecord> {
  const { context, pod } = work
  const known = recordOf(work.record, container.name)
  const crashed = heldBack(work, container, known)
  if (crashed !== undefined) return crashed
  const outcome = await ensureImage(work, container, known)
  if (!outcome.present) return outcome.record
  try {
    return await start(work, container, { ...known, imageReference: outcome.image.reference }, outcome.image.user)
  } catch (error) {
    if (!(error instanceof ContainerConfigError || error instanceof RuntimeError)) throw error
    tell(context, pod, container, 'Warning', 'Failed', `Error: ${error.message}`)
    const waiting: Waiting = { reason: error.reason, message: error.message }
    return { ...known, waiting, notBeforeMs: context.env.clock.now() + CONFIG_PAUSE_MS }
  }
}

/** A container that keeps ending is told to be held back, and looked at again when its pause is over. */
function heldBack({ context, pod }: PodWork, container: Container, known: ContainerRecord) {
  const { restart } = known
  if (restart === undefined || isOver(restart.untilMs, context.env.clock.now())) return undefined
  const { name } = container
  const label = podLabel(pod)
  const words = `Back-off restarting failed container ${name} in pod ${label}`
  tell(context, pod, container, 'Warning', 'BackOff', words)
  const message = `back-off ${formatPause(restart.lengthMs)} restarting failed container=${name} pod=${label}`
  return { ...known, waiting: { reason: 'CrashLoopBackOff', message }, notBeforeMs: restart.untilMs }
}

async function start(
  work: PodWork,
  container: Container,
  known: ContainerRecord,
  imageUser: string | undefined,
): Promise<ContainerRecord> {
  const { context, pod, record, volumes } = work
  const { runtime } = context
  const restarted = exitOf(known) !== undefined
  const restarts = known.restarts + (restarted ? 1 : 0)
  const spec = await containerSpec(context, pod, container, { record, volumes, attempt: restarts, imageUser })
  const id = await runtime.createContainer(record.sandbox?.id ?? '', spec)
  tell(context, pod, container, 'Normal', 'Created', `Created container: ${container.name}`)
  const failure = await runtime.startContainer(id).catch(startError)
  if (failure === undefined) tell(context, pod, container, 'Normal', 'Started', `Started container ${container.name}`)
  else tell(context, pod, container, 'Warning', 'Failed', `Error: ${failure.message}`)
  if (failure === undefined && !(await runPostStart(work, container, id))) {
    tell(context, pod, container, 'Normal', 'Killing', 'FailedPostStartHook')
    await runtime.stopContainer(id, graceOf(work))
  }
  // Of the attempts that ended only the last is kept, for its logs.
  if (known.previous !== undefined) await runtime.removeContainer(known.previous.id)
  const { imageReference = '', restart } = known
  const current = runtime.containerStatus(id)
  return {
    restarts,
    imageReference,
    ...(current !== undefined && { current }),
    granted: container.resources ?? {},
    inForce: container.resources ?? {},
    ...(restart !== undefined && { restart }),
    ...(restarted && known.current !== undefined && { previous: known.current }),
    ...(restarted && known.lastWords !== undefined && { previousWords: known.lastWords }),
  }
}

/** A command that cannot be started leaves a container that has ended, with the reason in its state. */
function startError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error
  throw error
}
