import type { Job } from '../../api/generated/batch-v1.ts'
import type { ConfigMap, Container, EnvVar, Secret, Volume } from '../../api/generated/core-v1.ts'
import { wholeOf } from '../../api/meta/quantity.ts'
import { START_FILE, startFile } from './start-file.ts'
import { TRUST_FILES } from '../wire/secure.ts'
import type { Trust } from '../wire/secure.ts'
import { WORKER_VARIABLES } from '../wire/worker-variables.ts'
import {
  RESTRICTED_CONTAINER,
  RESTRICTED_POD,
  SCRATCH_DIRECTORY,
  SECRET_FILE_MODE,
  TRUST_DIRECTORY,
} from './restricted.ts'
import { sharedMounts, sharedVolumes } from './shared-volumes.ts'
import type { WorkerVolumes } from './shared-volumes.ts'

export interface WorkerJobFacts {
  readonly name: string
  readonly namespace: string
  readonly image: string
  readonly workers: WorkerOptions
  readonly address: string
  /** Where the coordinator is elsewhere: what workers show it and one another. */
  readonly trust?: Trust
}

/** The workers of a session. */
export interface WorkerOptions {
  /** How many pods. Default 1. */
  readonly count?: number
  /** Threads in each that run user code; the CPUs that the pod sees where absent. */
  readonly threads?: number
  /** CPUs that each pod asks for, as a Kubernetes quantity. Default: one for each thread, or `1`. */
  readonly cpu?: string
  /** Memory that each pod asks for and is limited to, as a Kubernetes quantity. Default: no limit. */
  readonly memory?: string
  /**
   * Makes the workers elastic: their number follows from what waits, between `min` (default 0) and `max`, beginning with `count`
   * (default 1, or `min`).
   */
  readonly max?: number
  readonly min?: number
  /** How many elastic workers more than the work needs are kept while it runs, to step in for one that is lost. Default 0. */
  readonly spare?: number
  /** How long an elastic worker has nothing to do before it leaves, in milliseconds. Default 10,000. */
  readonly idleMs?: number
  /** Nothing begins before all `count` workers are there, which are placed together or not at all. Default false. */
  readonly gang?: boolean
  /** Amounts beside CPU and memory that each pod asks for and its tasks share, such as `nvidia.com/gpu`: that is also `gpu`. */
  readonly resources?: Readonly<Record<string, number>>
  /** Environment variables from Secrets of the namespace: neither the program nor the run ever holds their values. */
  readonly secrets?: Readonly<Record<string, { readonly secret: string; readonly key: string }>>
  /** Volumes that all workers share, by the name that `volume://NAME/path` has. */
  readonly volumes?: WorkerVolumes
}

/** How many pods a session begins with. */
export function firstWorkers({ count, min, max }: WorkerOptions): number {
  return count ?? (max === undefined ? 1 : Math.min(max, Math.max(min ?? 0, 1)))
}

export const RUN_LABEL = 'shoal.dev/run'
/** `worker`, `coordinator` or `driver`. */
export const COMPONENT_LABEL = 'shoal.dev/component'

export const WORKER_SELECTOR = (run: string) => `${RUN_LABEL}=${run},${COMPONENT_LABEL}=worker`

export function runLabels(run: string, component: 'worker' | 'coordinator' | 'driver'): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'shoal', [RUN_LABEL]: run, [COMPONENT_LABEL]: component }
}

/** A Job that has ended because its driver is gone is removed after this; a session that is closed removes its own at once. */
export const FINISHED_TTL_SECONDS = 300

/**
 * How Node runs where memory is bounded: the young generation is kept small, because what tasks leave behind is garbage either
 * way and a large one is memory that is never given back.
 */
export const NODE_FLAGS = ['--no-warnings', '--max-semi-space-size=4']

/**
 * Workers whose memory nobody has bounded have a young generation of 16 MB: the words of 300 MB were counted in 3.43 s in place of
 * 3.65 (six runs in turns), for some 50 MB more at the peak.
 */
const UNBOUNDED_FLAGS = ['--no-warnings', '--max-semi-space-size=16']

const WORKER_FILE = 'worker.mjs'

/** So many lost workers end the Job; a session gives up on a task long before. */
const BACKOFF_LIMIT = 10_000

/** The Job whose pods are the workers of a run: as many as `parallelism`, replaced until one leaves of its own accord. */
export function workerJob(facts: WorkerJobFacts): Job {
  const labels = runLabels(facts.name, 'worker')
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: facts.name, namespace: facts.namespace, labels },
    spec: {
      parallelism: firstWorkers(facts.workers),
      backoffLimit: BACKOFF_LIMIT,
      ttlSecondsAfterFinished: FINISHED_TTL_SECONDS,
      template: {
        metadata: gangMetadata(facts, labels),
        spec: {
          ...(facts.trust === undefined ? LOCAL_POD : RESTRICTED_POD),
          restartPolicy: 'OnFailure',
          terminationGracePeriodSeconds: 5,
          containers: [workerContainer(facts)],
          volumes: [
            { name: 'program', configMap: { name: facts.name } },
            ...(facts.trust === undefined ? [] : elsewhereVolumes(facts.name)),
            ...sharedVolumes(facts.workers.volumes),
          ],
        },
      },
    },
  }
}

/** What our scheduler, and others that are told so, place together: see the scheduler's part of the documentation. */
const GANG = 'scheduling.shoal.dev/gang'
const GANG_SIZE = 'scheduling.shoal.dev/gang-size'

function gangMetadata({ name, workers }: WorkerJobFacts, labels: Record<string, string>) {
  if (workers.gang !== true) return { labels }
  return { labels: { ...labels, [GANG]: name }, annotations: { [GANG_SIZE]: String(firstWorkers(workers)) } }
}

/** On the driver's machine a worker is the driver's user: nobody else may open the socket. */
const LOCAL_POD = { automountServiceAccountToken: false, enableServiceLinks: false } as const

const elsewhereVolumes = (run: string): Volume[] => [
  { name: 'trust', secret: { secretName: run, defaultMode: SECRET_FILE_MODE } },
  { name: 'scratch', emptyDir: {} },
]

/** What a worker has beside its program where its coordinator is elsewhere. */
const ELSEWHERE = {
  env: [
    { name: WORKER_VARIABLES.trust, value: TRUST_DIRECTORY },
    { name: WORKER_VARIABLES.host, valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    { name: 'SHOAL_SCRATCH', value: SCRATCH_DIRECTORY },
    { name: 'TMPDIR', value: SCRATCH_DIRECTORY },
  ],
  mounts: [
    { name: 'trust', mountPath: TRUST_DIRECTORY, readOnly: true },
    { name: 'scratch', mountPath: SCRATCH_DIRECTORY },
  ],
}

function workerContainer({ name, image, workers, address, trust }: WorkerJobFacts): Container {
  const { threads, memory, resources = {} } = workers
  const amounts = Object.fromEntries(Object.entries(resources).map(([what, amount]) => [what, String(amount)]))
  const cpu = workers.cpu ?? String(threads ?? 1)
  const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } })
  return {
    name: 'worker',
    image,
    command: [
      'node',
      ...(workers.memory === undefined ? UNBOUNDED_FLAGS : NODE_FLAGS),
      `/worker/${trust === undefined ? WORKER_FILE : START_FILE}`,
    ],
    // What a program says that does not come so far as to serve is in its pod's status then.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    env: [
      { name: WORKER_VARIABLES.address, value: address },
      { name: WORKER_VARIABLES.token, valueFrom: { secretKeyRef: { name, key: 'token' } } },
      field(WORKER_VARIABLES.pod, 'metadata.name'),
      field(WORKER_VARIABLES.node, 'spec.nodeName'),
      ...(threads === undefined ? [] : [{ name: WORKER_VARIABLES.threads, value: String(threads) }]),
      ...heapVariable(workers),
      ...resourcesVariable(workers),
      ...secretVariables(workers),
      ...(trust === undefined ? [] : ELSEWHERE.env),
    ],
    resources: {
      requests: { cpu, ...(memory === undefined ? {} : { memory }), ...amounts },
      ...(memory === undefined && workers.resources === undefined
        ? {}
        : { limits: { ...(memory === undefined ? {} : { memory }), ...amounts } }),
    },
    ...(trust === undefined ? {} : { securityContext: RESTRICTED_CONTAINER }),
    volumeMounts: [
      { name: 'program', mountPath: '/worker', readOnly: true },
      ...(trust === undefined ? [] : ELSEWHERE.mounts),
      ...sharedMounts(workers.volumes),
    ],
  }
}

/** What Node and its native parts hold beside the threads' heaps. */
const BASE_MIB = 64
const MIN_HEAP_MIB = 16

/**
 * With a limit, each thread's heap gets its share of it: user code that exceeds it ends its own thread, and says so,
 * before the system ends the whole pod without a word.
 */
function heapVariable(workers: WorkerOptions): EnvVar[] {
  const share = threadHeapMiB(workers)
  return share === undefined ? [] : [{ name: WORKER_VARIABLES.threadHeapMiB, value: String(share) }]
}

/** What each thread's heap may take; undefined where there is no limit. */
export function threadHeapMiB({ memory, threads = 1 }: WorkerOptions): number | undefined {
  if (memory === undefined) return undefined
  return Math.max(MIN_HEAP_MIB, Math.floor((wholeOf(memory) / 2 ** 20 - BASE_MIB) / threads))
}

/** What tasks may hold together: `memory` in bytes where it is limited, and whatever else the pod was given. */
function resourcesVariable({ memory, resources }: WorkerOptions): EnvVar[] {
  if (memory === undefined && resources === undefined) return []
  const gpu = resources?.['nvidia.com/gpu']
  const all = {
    ...(memory === undefined ? {} : { memory: wholeOf(memory) }),
    ...(gpu === undefined ? {} : { gpu }),
    ...resources,
  }
  return [{ name: WORKER_VARIABLES.resources, value: JSON.stringify(all) }]
}

/** Variables whose values the kubelet takes from Secrets. */
export function secretVariables({ secrets = {} }: Pick<WorkerOptions, 'secrets'>): EnvVar[] {
  return Object.entries(secrets).map(([variable, { secret, key }]) => ({
    name: variable,
    valueFrom: { secretKeyRef: { name: secret, key } },
  }))
}

export function programConfigMap({ name, namespace }: WorkerJobFacts, program: string): ConfigMap {
  const metadata = { name, namespace, labels: { [RUN_LABEL]: name } }
  const data = { [WORKER_FILE]: program, [START_FILE]: startFile(WORKER_FILE) }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable: true, data }
}

/** What a pod is given of the run's trust, as data of a Secret. */
export function trustData({ authority, certificate, key }: Trust): Record<string, string> {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    [TRUST_FILES.authority]: base64(authority),
    [TRUST_FILES.certificate]: base64(certificate),
    [TRUST_FILES.key]: base64(key),
  }
}

export function workerSecret({ name, namespace, trust }: WorkerJobFacts, token: string): Secret {
  const metadata = { name, namespace, labels: { [RUN_LABEL]: name } }
  const data = { token: Buffer.from(token).toString('base64'), ...(trust === undefined ? {} : trustData(trust)) }
  return { apiVersion: 'v1', kind: 'Secret', metadata, immutable: true, type: 'Opaque', data }
}
