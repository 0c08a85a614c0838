import type { Job } from '../../api/generated/batch-v1.ts'
import type { ConfigMap, EnvVar, Secret } from '../../api/generated/core-v1.ts'
import { wholeOf } from '../../api/meta/quantity.ts'
import { WORKER_VARIABLES } from '../wire/worker-variables.ts'

export interface WorkerJobFacts {
  readonly name: string
  readonly namespace: string
  readonly image: string
  readonly workers: WorkerOptions
  readonly address: string
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
}

export const RUN_LABEL = 'shoal.dev/run'

/**
 * How Node runs in a worker: the young generation is kept small, because what tasks leave behind is garbage either way and
 * a large one is memory that is never given back.
 */
const NODE_FLAGS = ['--no-warnings', '--max-semi-space-size=4']

/** So many lost workers end the Job; a session gives up on a task long before. */
const BACKOFF_LIMIT = 10_000

/** The Job whose pods are the workers of a run: as many as `parallelism`, replaced until one leaves of its own accord. */
export function workerJob(facts: WorkerJobFacts): Job {
  const labels = { 'app.kubernetes.io/managed-by': 'shoal', [RUN_LABEL]: facts.name }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: facts.name, namespace: facts.namespace, labels },
    spec: {
      parallelism: facts.workers.count ?? 1,
      backoffLimit: BACKOFF_LIMIT,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'OnFailure',
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 5,
          containers: [workerContainer(facts)],
          volumes: [{ name: 'program', configMap: { name: facts.name } }],
        },
      },
    },
  }
}

function workerContainer({ name, image, workers, address }: WorkerJobFacts) {
  const { threads, memory } = workers
  const cpu = workers.cpu ?? String(threads ?? 1)
  const field = (variable: string, fieldPath: string) => ({ name: variable, valueFrom: { fieldRef: { fieldPath } } })
  return {
    name: 'worker',
    image,
    command: ['node', ...NODE_FLAGS, '/worker/worker.mjs'],
    env: [
      { name: WORKER_VARIABLES.address, value: address },
      { name: WORKER_VARIABLES.token, valueFrom: { secretKeyRef: { name, key: 'token' } } },
      field(WORKER_VARIABLES.pod, 'metadata.name'),
      field(WORKER_VARIABLES.node, 'spec.nodeName'),
      ...(threads === undefined ? [] : [{ name: WORKER_VARIABLES.threads, value: String(threads) }]),
      ...heapVariable(memory, threads),
    ],
    resources: {
      requests: { cpu, ...(memory === undefined ? {} : { memory }) },
      ...(memory === undefined ? {} : { limits: { memory } }),
    },
    volumeMounts: [{ name: 'program', mountPath: '/worker', readOnly: true }],
  }
}

/** What Node and its native parts hold beside the threads' heaps. */
const BASE_MIB = 64
const MIN_HEAP_MIB = 16

/**
 * With a limit, each thread's heap gets its share of it: user code that exceeds it ends its own thread, and says so,
 * before the system ends the whole pod without a word.
 */
function heapVariable(memory: string | undefined, threads = 1): EnvVar[] {
  if (memory === undefined) return []
  const share = Math.floor((wholeOf(memory) / 2 ** 20 - BASE_MIB) / threads)
  return [{ name: WORKER_VARIABLES.threadHeapMiB, value: String(Math.max(MIN_HEAP_MIB, share)) }]
}

export function programConfigMap({ name, namespace }: WorkerJobFacts, program: string): ConfigMap {
  const metadata = { name, namespace, labels: { [RUN_LABEL]: name } }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, immutable: true, data: { 'worker.mjs': program } }
}

export function tokenSecret({ name, namespace }: WorkerJobFacts, token: string): Secret {
  const metadata = { name, namespace, labels: { [RUN_LABEL]: name } }
  const data = { token: Buffer.from(token).toString('base64') }
  return { apiVersion: 'v1', kind: 'Secret', metadata, immutable: true, type: 'Opaque', data }
}
