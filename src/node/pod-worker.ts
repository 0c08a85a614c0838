import type { Pod, PodStatus } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import { keyOf } from '../api/object.ts'
import type { Timer } from '../env/clock.ts'
import type { ContainerStatus } from '../runtime/runtime.ts'
import { sandboxSpec } from './container-spec.ts'
import { startContainer } from './container-start.ts'
import { nextStep } from './next-step.ts'
import type { Step } from './next-step.ts'
import type { NodeContext } from './node-context.ts'
import { tell } from './pod-events.ts'
import { initContainers, isRunning, isSidecar, mainContainers, recordOf } from './pod-record.ts'
import type { ContainerRecord, PodRecord } from './pod-record.ts'
import { podStatus } from './pod-status.ts'
import { withBackoff } from './restart-backoff.ts'
import type { PodVolumes } from './volumes/pod-volumes.ts'

/** The pause before a pod whose surroundings cannot be made, or whose report failed, is tried again. */
const RETRY_MS = 1_000
const DEFAULT_GRACE_SECONDS = 30

/**
 * Brings one pod to life and to its end. All its work is done by one loop, a step at a time, woken by a change of the
 * object, of a container, or by a timer; so nothing is started twice.
 *
 * States: working (until the pod has ended for good), ended (its surroundings are given back, its logs kept until the
 * object goes), terminating (the object is being deleted: containers get their grace), gone.
 */
export interface PodWorker {
  readonly record: PodRecord
  readonly pod: Pod
  /** The object changed; `undefined`: it is gone, and nothing of the pod may stay. */
  update(pod: Pod | undefined): void
  containerChanged(status: ContainerStatus): void
  /** Ends the pod's containers at once without a word to the API. */
  close(): Promise<void>
}

/** `onGone` is called when nothing of the pod is left. */
export function startPodWorker(context: NodeContext, first: Pod, onGone: () => void): PodWorker {
  const { env, runtime } = context
  let pod = first
  let record: PodRecord = { startedAtMs: env.clock.now(), containers: new Map() }
  let volumes: PodVolumes | undefined
  let reported = ''
  let objectGone = false
  let finished = false
  let gone = false
  let stopping: { graceMs: number } | undefined
  let woken = false
  let working: Promise<void> | undefined
  let timer: Timer | undefined

  const wake = () => {
    woken = true
    if (!gone) working ??= work()
  }
  const wakeAfter = (delayMs: number) => {
    timer?.cancel()
    timer = env.timers.after(Math.max(0, delayMs), wake)
  }
  const work = async () => {
    while (woken && !gone) {
      woken = false
      timer?.cancel()
      try {
        await (objectGone || pod.metadata.deletionTimestamp !== undefined ? terminate() : advance())
      } catch (error) {
        env.log.warn('a pod could not be brought on', { pod: keyOf(pod), error })
        wakeAfter(RETRY_MS)
      }
    }
    working = undefined
  }

  const advance = async () => {
    const step = nextStep(pod, record, env.clock.now())
    await perform(step)
    await report()
    if (step.do === 'wait' && step.untilMs !== undefined) wakeAfter(step.untilMs - env.clock.now())
    if (step.do === 'start-sandbox' && record.sandbox !== undefined) woken = true
    if (step.do === 'start') woken = true
    if (step.do === 'fail') woken = true
  }

  const perform = async (step: Step) => {
    if (step.do === 'start-sandbox') await startSurroundings()
    if (step.do === 'start') {
      for (const container of step.containers) {
        const started = await startContainer(context, pod, container, record, volumes ?? new Map())
        put(container.name, started)
      }
    }
    if (step.do === 'fail') {
      record = { ...record, verdict: { reason: step.reason, message: step.message } }
      tell(context, pod, undefined, 'Normal', step.reason, step.message)
      await stopContainers(graceMs())
    }
    if (step.do === 'finish') await giveBack()
  }

  const startSurroundings = async () => {
    try {
      const facts = {
        podIp: '',
        hostIp: context.hostIp,
        nodeName: context.nodeName,
        allocatable: context.allocatable(),
      }
      volumes = await context.files.provide({ client: context.client, pod, facts })
      const sandbox = await runtime.startSandbox(sandboxSpec(pod))
      const { blocked: _, ...rest } = record
      record = { ...rest, sandbox }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const reason = (error as { reason?: string }).reason ?? 'FailedCreatePodSandBox'
      tell(context, pod, undefined, 'Warning', reason, message)
      record = { ...record, blocked: { reason, message } }
      wakeAfter(RETRY_MS)
    }
  }

  /** The network goes back at once; directory and logs stay until the object goes. */
  const giveBack = async () => {
    if (finished || record.sandbox === undefined) return
    finished = true
    await runtime.stopSandbox(record.sandbox.id)
    record = { ...record, sandbox: { ...record.sandbox, ready: false } }
  }

  const graceMs = () =>
    (pod.metadata.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000

  /** Containers first, then sidecars in reverse, as Kubernetes ends them. */
  const stopContainers = async (grace: number) => {
    stopping = { graceMs: grace }
    await Promise.all(mainContainers(pod).map(({ name }) => stopContainer(name, grace)))
    for (const container of [...initContainers(pod)].reverse()) {
      if (isSidecar(container) || isRunning(recordOf(record, container.name)))
        await stopContainer(container.name, grace)
    }
    stopping = undefined
  }

  const stopContainer = async (name: string, grace: number) => {
    const known = recordOf(record, name)
    if (!isRunning(known) || known.current === undefined) return
    const container = [...mainContainers(pod), ...initContainers(pod)].find((each) => each.name === name)
    tell(context, pod, container, 'Normal', 'Killing', `Stopping container ${name}`)
    await runtime.stopContainer(known.current.id, grace)
    const current = runtime.containerStatus(known.current.id)
    if (current !== undefined) put(name, { ...known, current })
  }

  const terminate = async () => {
    await stopContainers(objectGone ? 0 : graceMs())
    record = { ...record, terminated: true }
    await giveBack()
    if (!objectGone) await reportEnd()
    if (record.sandbox !== undefined) await runtime.removeSandbox(record.sandbox.id)
    await context.files.remove(pod)
    gone = true
    onGone()
  }

  const reportEnd = async () => {
    await readMessages()
    await report()
    const { uid } = pod.metadata
    try {
      await context.client.delete(pods, keyOf(pod), {
        gracePeriodSeconds: 0,
        ...(uid !== undefined && { preconditions: { uid } }),
      })
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error
    }
  }

  const report = async () => {
    if (objectGone) return
    const status = podStatus(pod, record, { runtimeName: runtime.name, hostIp: context.hostIp }, env.clock.now())
    const text = JSON.stringify(status)
    if (text === reported) return
    await writeStatus(context, pod, status).then(
      () => void (reported = text),
      (error: unknown) => {
        if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return
        throw error
      },
    )
  }

  const put = (name: string, known: ContainerRecord) => {
    record = { ...record, containers: new Map(record.containers).set(name, known) }
  }

  const readMessages = async () => {
    for (const [name, known] of record.containers) {
      const { current } = known
      if (current?.state.phase !== 'exited' || known.message?.id === current.id) continue
      const text = await context.files.readMessage(pod, name, current.attempt)
      put(name, { ...known, message: { id: current.id, text } })
    }
  }

  /** What a container's new state means for its record; its last words are read before anybody is told. */
  const containerChanged = async (status: ContainerStatus) => {
    const known = recordOf(record, status.name)
    if (known.current !== undefined && known.current.id !== status.id) return
    const next = { ...known, current: status }
    if (status.state.phase !== 'exited') return put(status.name, next)
    const crashed = !(pod.spec?.restartPolicy === 'OnFailure' && status.state.exitCode === 0)
    put(status.name, record.terminated === true ? next : withBackoff(next, podLabel(pod), crashed))
    await readMessages()
    const held = recordOf(record, status.name)
    const container = mainContainers(pod).find(({ name }) => name === status.name)
    if (held.backoffMs > 0 && pod.spec?.restartPolicy !== 'Never') {
      const message = `Back-off restarting failed container ${status.name} in pod ${podLabel(pod)}`
      tell(context, pod, container, 'Warning', 'BackOff', message)
    }
  }

  wake()
  return {
    get record() {
      return record
    },
    get pod() {
      return pod
    },
    update(next) {
      if (next === undefined) objectGone = true
      else pod = next
      const grace = objectGone ? 0 : graceMs()
      // A second, shorter deadline overtakes the first.
      if (stopping !== undefined && grace < stopping.graceMs) {
        stopping = { graceMs: grace }
        for (const { current } of record.containers.values()) {
          if (current?.state.phase === 'running') void runtime.stopContainer(current.id, grace)
        }
      }
      wake()
    },
    containerChanged(status) {
      void containerChanged(status).then(wake)
    },
    async close() {
      gone = true
      timer?.cancel()
      await working
      if (record.sandbox !== undefined) await runtime.stopSandbox(record.sandbox.id)
    },
  }
}

/** `name_namespace(uid)`: how the kubelet names a pod in messages about its containers. */
function podLabel({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace}(${metadata.uid})`
}

async function writeStatus({ client }: NodeContext, pod: Pod, status: PodStatus): Promise<void> {
  const patch = { metadata: { uid: pod.metadata.uid }, status }
  await client.patch(pods, keyOf(pod), { type: 'strategic', patch }, { subresource: 'status' })
}
