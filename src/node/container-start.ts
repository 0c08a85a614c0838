import type { Container, Pod } from '../api/generated/core-v1.ts'
import { RuntimeError } from '../runtime/runtime.ts'
import { ContainerConfigError } from './config-error.ts'
import { containerSpec } from './container-spec.ts'
import { ensureImage } from './image-pull.ts'
import type { NodeContext } from './node-context.ts'
import { tell } from './pod-events.ts'
import type { ContainerRecord, PodRecord, Waiting } from './pod-record.ts'
import { exitOf, recordOf } from './pod-record.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'

/** The pause before a container whose configuration is wrong is tried again, in milliseconds. */
const CONFIG_PAUSE_MS = 10_000

/** Makes and starts the next attempt of a container; returns its record, which says why where it could not. */
export async function startContainer(
  context: NodeContext,
  pod: Pod,
  container: Container,
  record: PodRecord,
  volumes: PodVolumes,
): Promise<ContainerRecord> {
  const known = recordOf(record, container.name)
  const image = await ensureImage(context, pod, container, known)
  if (!image.present) return { ...known, ...image }
  try {
    return await start(context, pod, container, record, volumes, known)
  } catch (error) {
    if (error instanceof ContainerConfigError || error instanceof RuntimeError) {
      tell(context, pod, container, 'Warning', 'Failed', `Error: ${error.message}`)
      return heldBack(context, known, { reason: error.reason, message: error.message })
    }
    throw error
  }
}

async function start(
  context: NodeContext,
  pod: Pod,
  container: Container,
  record: PodRecord,
  volumes: PodVolumes,
  known: ContainerRecord,
): Promise<ContainerRecord> {
  const { runtime } = context
  const restarted = exitOf(known) !== undefined
  const restarts = known.restarts + (restarted ? 1 : 0)
  const spec = await containerSpec(context, pod, container, record, volumes, restarts)
  const id = await runtime.createContainer(record.sandbox?.id ?? '', spec)
  tell(context, pod, container, 'Normal', 'Created', `Created container: ${container.name}`)
  await runtime.startContainer(id)
  tell(context, pod, container, 'Normal', 'Started', `Started container ${container.name}`)
  // Of the attempts that ended only the last is kept, for its logs.
  if (known.previous !== undefined) await runtime.removeContainer(known.previous.id)
  const { waiting: _, notBeforeMs: __, ...rest } = known
  const current = runtime.containerStatus(id)
  const previous = restarted && known.current !== undefined ? { previous: known.current } : {}
  return { ...rest, ...previous, ...(current !== undefined && { current }), restarts }
}

function heldBack(context: NodeContext, known: ContainerRecord, waiting: Waiting): ContainerRecord {
  return { ...known, waiting, notBeforeMs: context.env.clock.now() + CONFIG_PAUSE_MS }
}
