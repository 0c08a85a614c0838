import type { Container } from '../api/generated/core-v1.ts'
import type { Sandbox } from '../runtime/runtime.ts'
import { RuntimeError } from '../runtime/runtime.ts'
import { VolumeError } from './config-error.ts'
import { sandboxSpec } from './container-spec.ts'
import { podDns } from './pod-dns.ts'
import { tell } from './pod-events.ts'
import { exitOf, initContainers, recordOf } from './pod-record.ts'
import type { PodWork } from './pod-work.ts'
import { keepFresh } from './volumes/fresh-volumes.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'
import type { VolumeContext } from './volumes/projected.ts'

/** The kubelet's pause before volumes are tried again, doubled with each failure; bounded lower than the kubelet's 2 min. */
const FIRST_PAUSE_MS = 500
const MOST_PAUSE_MS = 10_000

/**
 * Provides the pod's volumes and its sandbox, side by side: neither needs the other. Resolves to the pause before the
 * next try where that could not be done, and to undefined where it could.
 */
export async function startSurroundings(work: PodWork): Promise<number | undefined> {
  const [volumes, sandbox] = await Promise.allSettled([provideVolumes(work), work.record.sandbox ?? startSandbox(work)])
  if (volumes.status === 'fulfilled' && sandbox.status === 'fulfilled') {
    work.volumes = volumes.value
    work.record = { ...work.record, sandbox: sandbox.value }
    work.failures = 0
    work.isBare = false
    if ([...work.volumes.values()].some(({ files }) => files !== undefined))
      work.freshness = keepFresh(work, volumeContext)
    return undefined
  }
  // A pod without its volumes gets no address, so that its status says what Kubernetes' would.
  if (sandbox.status === 'fulfilled' && !work.isBare) await discard(work, sandbox.value)
  for (const outcome of [volumes, sandbox]) if (outcome.status === 'rejected') tellFailure(work, outcome.reason)
  return Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** work.failures++)
}

/** A pod that asks the cluster for names starts when the cluster can answer. */
async function startSandbox({ context, pod }: PodWork): Promise<Sandbox> {
  const isOwn = pod.spec?.dnsPolicy === 'None' || pod.spec?.dnsPolicy === 'Default'
  const failed = (error: unknown) => void context.env.log.warn('pods start without names of the cluster', { error })
  const [cluster, resolvConf] = await Promise.all([
    isOwn ? undefined : context.network?.dns().catch(failed),
    context.files.hostResolver(),
  ])
  const sandbox = await context.runtime.startSandbox(sandboxSpec(pod, podDns(pod, cluster ?? undefined, resolvConf)))
  for (const remark of sandbox.remarks ?? []) tell(context, pod, undefined, 'Warning', 'PortShifted', remark)
  return sandbox
}

const provideVolumes = (work: PodWork): Promise<PodVolumes> => work.context.files.provide(volumeContext(work))

/** What the pod's volumes are made with, as things are now. */
function volumeContext({ context, pod, record, tokens }: PodWork): VolumeContext {
  const { client, hostIp, nodeName } = context
  const facts = { podIp: record.sandbox?.ip ?? '', hostIp, nodeName, allocatable: context.allocatable() }
  return { client, pod, facts, tokens }
}

async function discard({ context }: PodWork, { id }: Sandbox): Promise<void> {
  await context.runtime.stopSandbox(id)
  await context.runtime.removeSandbox(id)
}

function tellFailure({ context, pod }: PodWork, error: unknown): void {
  if (!(error instanceof VolumeError || error instanceof RuntimeError)) throw error
  const prefix = error instanceof RuntimeError ? 'Failed to create pod sandbox: ' : ''
  tell(context, pod, undefined, 'Warning', error.reason, `${prefix}${error.message}`)
}

/**
 * Whether the sandbox that these containers were in has ended, such as with its engine. Then what is left of it is ended, and
 * the pod gets another one, which its init containers prepare once more, as the kubelet has it.
 */
export async function hasLostSurroundings(work: PodWork, containers: readonly Container[]): Promise<boolean> {
  const { runtime } = work.context
  const { sandbox, former } = work.record
  const isRestart = containers.some(({ name }) => exitOf(recordOf(work.record, name)) !== undefined)
  if (sandbox === undefined || !isRestart || (await runtime.sandboxReady?.(sandbox.id)) !== false) return false
  tell(work.context, work.pod, undefined, 'Normal', 'SandboxChanged', SANDBOX_CHANGED)
  work.freshness?.stop()
  work.freshness = undefined
  await runtime.stopSandbox(sandbox.id)
  if (former !== undefined) await runtime.removeSandbox(former.id)
  const inits = new Set(initContainers(work.pod).map(({ name }) => name))
  const { sandbox: _ended, ...others } = work.record
  const kept = [...work.record.containers].filter(([name]) => !inits.has(name))
  work.record = { ...others, former: sandbox, containers: new Map(kept) }
  return true
}

const SANDBOX_CHANGED = 'Pod sandbox changed, it will be killed and re-created.'

/** Gives the network back at once, and again where that fails; directory and logs stay until the object goes. */
export async function giveBack(work: PodWork): Promise<void> {
  const { sandbox } = work.record
  work.freshness?.stop()
  work.freshness = undefined
  if (sandbox === undefined || !sandbox.ready) return
  // What is told of the pod meanwhile is that it has none.
  work.record = { ...work.record, sandbox: { ...sandbox, ready: false } }
  try {
    await work.context.runtime.stopSandbox(sandbox.id)
  } catch (error) {
    work.record = { ...work.record, sandbox }
    throw error
  }
}

/** Removes all that the pod has on the node. */
export async function clearAway({ context, pod, record }: PodWork): Promise<void> {
  for (const sandbox of [record.sandbox, record.former])
    if (sandbox !== undefined) await context.runtime.removeSandbox(sandbox.id)
  await context.files.remove(pod.metadata.uid ?? '')
}
