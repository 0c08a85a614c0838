import type { WorkerOptions } from '../pods/worker-job.ts'

/** What a run has beside its program's name where its driver runs in the cluster: whoever made the run, and our operator, go by it. */
export interface DriverSpec {
  /** A stock Node image. */
  readonly image: string
  /** The program and Shoal itself lie in so many ConfigMaps, `NAME-program-0` and on: see `programMaps`. */
  readonly parts: number
  /** As whom the driver talks to the API server. Default `shoal-driver`. */
  readonly serviceAccountName?: string
  /** CPUs and memory that its pod asks for, as Kubernetes quantities. */
  readonly cpu?: string
  readonly memory?: string
  /** A PersistentVolumeClaim for what the run has committed: a driver whose pod is lost goes on from there. */
  readonly stateClaim?: string
  /** How often a driver whose pod was lost is started again. Default 3. */
  readonly backoffLimit?: number
  /** Variables of the driver whose values lie in Secrets. */
  readonly secrets?: NonNullable<WorkerOptions['secrets']>
  /** Volumes of the namespace's claims, by name, which the driver sees at `/volumes/NAME`, as its workers do. */
  readonly volumes?: Readonly<Record<string, { readonly claim: string }>>
}

export const DRIVER_ACCOUNT = 'shoal-driver'
export const DRIVER_BACKOFF_LIMIT = 3

const text = { type: 'string' } as const

/** The schema of the same. */
export const driverSchema = {
  type: 'object',
  description: 'Where present, the driver runs in the cluster: a Job of our operator.',
  required: ['image', 'parts'],
  properties: {
    image: text,
    parts: { type: 'integer', format: 'int64', minimum: 1 },
    serviceAccountName: text,
    cpu: text,
    memory: text,
    stateClaim: text,
    backoffLimit: { type: 'integer', format: 'int64', minimum: 0 },
    secrets: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        required: ['secret', 'key'],
        properties: { secret: text, key: text },
      },
    },
    volumes: {
      type: 'object',
      additionalProperties: { type: 'object', required: ['claim'], properties: { claim: text } },
    },
  },
} as const
