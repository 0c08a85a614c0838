import type { Container } from '../api/generated/core-v1.ts'
import { amountsOf } from '../placement/amounts.ts'
import { specRequests } from '../placement/pod-requests.ts'
import { missingResource } from './admission.ts'
import { takeIn } from './container-changes.ts'
import { limitsOf } from './container-spec.ts'
import { tell } from './pod-events.ts'
import { isRunning, recordOf } from './pod-record.ts'
import type { ContainerRecord, PodRecord, Resize } from './pod-record.ts'
import { putContainer } from './pod-work.ts'
import type { PodWork } from './pod-work.ts'
import { changed, grantedTo, resizable, wantedBy } from './resize-step.ts'
import { graceOf } from './stopping.ts'

/** How long after a refusal or a failure it is tried again: others may have left meanwhile. */
const RETRY_MS = 10_000

/** Grants what the spec asks for where the node has room; says why not where it has none. */
export function grant(work: PodWork): void {
  const { context, pod } = work
  const refusal = refusalOf(work)
  if (refusal !== undefined) {
    const notBeforeMs = context.env.clock.now() + RETRY_MS
    work.record = { ...work.record, resize: { ...refusal, wanted: wantedBy(pod), notBeforeMs } }
    return
  }
  for (const container of resizable(pod)) {
    const known = recordOf(work.record, container.name)
    if (!isRunning(known)) continue
    const inForce = known.inForce ?? grantedTo(pod, work.record, container) ?? {}
    putContainer(work, container.name, { ...known, granted: container.resources ?? {}, inForce })
  }
  work.record = { ...work.record, resize: { type: 'InProgress', wanted: wantedBy(pod) } }
}

/** In the kubelet's words: what will never fit is infeasible, what does not fit now is deferred. */
function refusalOf({ context, pod }: PodWork): Pick<Resize, 'type' | 'message'> | undefined {
  const { node, others } = context.neighbourhood(pod)
  if (node === undefined) return undefined
  const capacity = amountsOf(node.status?.allocatable)
  for (const [resource, requested] of Object.entries(specRequests(pod).exact)) {
    const most = capacity[resource] ?? 0
    if (requested <= most) continue
    const message = `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${most}`
    return { type: 'Infeasible', message }
  }
  const missing = missingResource(pod, node, others)
  return missing === undefined ? undefined : { type: 'Deferred', message: missing.message }
}

/** Gives containers what was granted to them: in place, or by a restart where their policy wants one. */
export async function resizeContainers(work: PodWork, containers: readonly Container[]): Promise<void> {
  try {
    for (const container of containers) await resizeContainer(work, container)
    work.record = withoutResize(work.record)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const notBeforeMs = work.context.env.clock.now() + RETRY_MS
    work.record = { ...work.record, resize: { type: 'Error', message, wanted: wantedBy(work.pod), notBeforeMs } }
  }
}

function withoutResize({ resize: _resize, ...record }: PodRecord): PodRecord {
  return record
}

async function resizeContainer(work: PodWork, container: Container): Promise<void> {
  const { context, pod } = work
  const known = recordOf(work.record, container.name)
  const { current, granted = {} } = known
  if (current === undefined) return
  const policies = container.resizePolicy ?? []
  const restarts = changed(granted, known.inForce).some((resource) =>
    policies.some(
      ({ resourceName, restartPolicy }) => resourceName === resource && restartPolicy === 'RestartContainer',
    ),
  )
  if (!restarts) {
    const { updateContainer } = context.runtime
    if (updateContainer === undefined) throw new Error(`runtime ${context.runtime.name} cannot resize containers`)
    await updateContainer(current.id, limitsOf({ ...container, resources: granted }))
    return putContainer(work, container.name, { ...recordOf(work.record, container.name), inForce: granted })
  }
  tell(context, pod, container, 'Normal', 'Killing', `Container ${container.name} resize requires restart`)
  await context.runtime.stopContainer(current.id, graceOf(work))
  const status = context.runtime.containerStatus(current.id)
  if (status !== undefined) await takeIn(work, status)
  putContainer(work, container.name, withoutInForce(recordOf(work.record, container.name)))
}

/** What the next attempt is started with is in force from its start. */
function withoutInForce({ inForce: _inForce, granted: _granted, ...known }: ContainerRecord): ContainerRecord {
  return known
}
