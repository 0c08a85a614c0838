import type { Duplex } from 'node:stream'
import type { Pod } from '../../api/generated/core-v1.ts'
import { configMaps, jobs, pods, secrets } from '../../api/generated/resources.ts'
import type { ObjectKey } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import { sleep } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'
import { ComputeError } from '../errors.ts'
import type { CoordinatorPlace } from '../link/coordinate-elsewhere.ts'
import type { Trust } from '../wire/secure.ts'
import {
  coordinatorConfigMap,
  coordinatorJob,
  coordinatorName,
  coordinatorSecret,
  COORDINATOR_SELECTOR,
} from './coordinator-job.ts'
import type { CoordinatorJobFacts } from './coordinator-job.ts'
import { reasonOf } from './pod-loss.ts'
import { nodeMajor, WRONG_NODE } from './start-file.ts'

/** A connection to a port of a pod, by way of the API server. */
export type ForwardToPod = (pod: ObjectKey, port: number, signal: AbortSignal) => Promise<Duplex>

export interface CoordinatorPlaceOptions extends Omit<CoordinatorJobFacts, 'port'> {
  readonly client: Client
  readonly env: Environment
  readonly forward: ForwardToPod
  /** The text of the coordinator's program. */
  readonly program: string
  readonly token: string
  readonly trust: Trust
  /** How long its pod may take to start, in milliseconds. */
  readonly startMs: number
  readonly onWaiting: (reasons: readonly string[]) => void
}

/** Pods share the machine's network on some runtimes: each run takes a port of its own. */
const FIRST_PORT = 20_000
const PORTS = 20_000

const PAUSE_MS = 100
const LAST_PAUSE_MS = 1000
/** Whoever waits for longer wants to know why. */
const WORD_MS = 2000
/** An API server that hangs says nothing of a pod. */
const LOOK_MS = 10_000

/** A coordinator in a pod of its own, of which the driver knows no more than the API server lets it. */
export function coordinatorPod(options: CoordinatorPlaceOptions): CoordinatorPlace {
  const { client, env, run, namespace } = options
  const port = FIRST_PORT + Math.floor(env.random.next() * PORTS)
  const facts: CoordinatorJobFacts = { ...options, port }
  const key = { namespace, name: coordinatorName(run) }
  let pod: Pod | undefined
  return {
    async start(signal) {
      await Promise.all([
        client.create(configMaps, coordinatorConfigMap(facts, options.program), { signal }),
        client.create(secrets, coordinatorSecret(facts, options.token, options.trust), { signal }),
        client
          .create(jobs, coordinatorJob(facts), { signal })
          .then((job) => adopt(client, key, job.metadata.uid ?? '')),
      ])
      pod = await runningPod(options, signal)
      return `tls:${hostOf(pod)}:${port}`
    },
    async dial(signal) {
      return await options.forward({ namespace, name: pod?.metadata.name ?? '' }, port, signal)
    },
    diagnose: async () => (pod === undefined ? undefined : await requireAlive(options, pod)),
    async close() {
      await Promise.allSettled([
        client.delete(jobs, key, { propagationPolicy: 'Background' }),
        client.delete(configMaps, key),
        client.delete(secrets, key),
      ])
    },
  }
}

const hostOf = ({ status }: Pod) => {
  const address = status?.podIP ?? ''
  return address.includes(':') ? `[${address}]` : address
}

/** Program and certificates go with the Job, so that nothing is left of a run whose driver never came back. */
async function adopt(client: Client, key: ObjectKey, uid: string): Promise<void> {
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: key.name, uid }]
  const patch = { type: 'merge' as const, patch: { metadata: { ownerReferences } } }
  await Promise.allSettled([configMaps, secrets].map((type) => client.patch(type, key, patch)))
}

/** The pod once it has an address and runs; meanwhile says what it waits for. */
async function runningPod(options: CoordinatorPlaceOptions, signal: AbortSignal): Promise<Pod> {
  const { client, env, namespace, run, startMs } = options
  const begunMs = env.clock.monotonicMs()
  let saidMs = begunMs
  let said = ''
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 1.3)) {
    const { items } = await client.list(pods, { namespace, labelSelector: COORDINATOR_SELECTOR(run), signal })
    const pod = items.find(({ status }) => status?.phase === 'Running' && (status.podIP ?? '') !== '')
    if (pod !== undefined) return pod
    for (const each of items) requireNode(run, options.image, each)
    const reasons = items.map((each) => reasonOf(each)).filter((reason) => reason !== undefined)
    const nowMs = env.clock.monotonicMs()
    // No room is said at once; that a pod starts is not worth a word before it takes long.
    const isHeld = reasons.some((reason) => reason.includes('Unschedulable'))
    if (reasons.join() !== said ? isHeld || nowMs - saidMs > WORD_MS : nowMs - saidMs > 5000) {
      said = reasons.join()
      saidMs = nowMs
      options.onWaiting(reasons)
    }
    if (nowMs - begunMs > startMs) throw notStarted(run, startMs, reasons)
    await sleep(env.timers, pauseMs, signal)
  }
}

/** Another Node does not become the right one: there is no use in waiting. */
function requireNode(run: string, image: string, { status }: Pod): void {
  const container = status?.containerStatuses?.[0]
  const end = container?.state?.terminated ?? container?.lastState?.terminated
  if (end?.exitCode !== WRONG_NODE) return
  const message = `Cannot start the coordinator of "${run}" from image "${image}": ${(end.message ?? '').trim()}`
  throw new ComputeError('SHOAL_NODE_VERSION', message, {
    facts: { run, image },
    hint: `name an image with Node ${nodeMajor(process.version)}: --image node:${nodeMajor(process.version)}`,
  })
}

function notStarted(run: string, startMs: number, reasons: readonly string[]): ComputeError {
  const why = reasons.length === 0 ? 'it has no pod' : reasons.join('; ')
  const message = `Cannot start the coordinator of "${run}": ${why}, expected it to run within ${startMs / 1000} s`
  return new ComputeError('SHOAL_NO_COORDINATOR', message, {
    facts: { run, startMs, reasons },
    hint: 'Look with: kubectl get pods,events',
  })
}

/**
 * There is no use in dialling a pod that is gone. Answers what is the matter with one that is there; whatever cannot be found
 * out is left for the next time.
 */
async function requireAlive(
  { client, run, image }: CoordinatorPlaceOptions,
  { metadata }: Pod,
): Promise<string | undefined> {
  const { name = '', namespace = '' } = metadata
  const { items } = await client
    .list(pods, { namespace, fieldSelector: `metadata.name=${name}`, signal: AbortSignal.timeout(LOOK_MS) })
    .catch(() => ({ items: undefined }))
  if (items === undefined) return undefined
  const pod = items.find(({ metadata: { uid } }) => uid === metadata.uid)
  const phase = pod?.status?.phase
  if (pod === undefined || phase === 'Failed' || phase === 'Succeeded') throw goneForGood(name, pod)
  requireNode(run, image, pod)
  return reasonOf(pod)
}

function goneForGood(name: string, pod: Pod | undefined): ComputeError {
  const phase = pod?.status?.phase
  const current =
    pod === undefined ? 'its pod was deleted' : `its pod has ended (${phase}: ${pod.status?.reason ?? ''})`
  const message = `Cannot reach the coordinator "${name}": ${current}, expected it to run until the run is over`
  return new ComputeError('SHOAL_NO_COORDINATOR', message, {
    facts: { pod: name, phase },
    hint: 'Look with: kubectl get events; a run with a name goes on where it was',
  })
}
