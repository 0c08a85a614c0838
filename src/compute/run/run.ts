import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { driverSchema } from '../submit/driver-spec.ts'
import type { DriverSpec } from '../submit/driver-spec.ts'

/** A program that runs on workers, or has: what `kubectl get runs` lists. */
export interface Run extends KubeObject {
  readonly spec: RunSpec
  readonly status?: RunStatus
}

export interface RunSpec {
  /** The program's file, as its author named it. */
  readonly program: string
  readonly args?: readonly string[]
  /** Who started it. */
  readonly owner?: string
  readonly workers: number
  /** Where present, our operator starts the driver in the cluster. */
  readonly driver?: DriverSpec
}

export interface RunStatus {
  /** `Pending`: its driver is to run in the cluster, and has not said anything yet. */
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  /** When its driver last said that it lives: every ten seconds while the phase is Running. */
  readonly heartbeatTime?: string
  /** `DriverLost` where nothing has been heard of the driver for a minute: somebody else has written this. */
  readonly reason?: string
  readonly startTime?: string
  readonly completionTime?: string
  /** Workers that are connected. */
  readonly workers: number
  readonly tasks: number
  readonly retries: number
  readonly losses: number
  /** The newest of what it has done and is at. */
  readonly stages?: readonly StageView[]
  /** The workers that are connected, the first of them. */
  readonly pods?: readonly WorkerView[]
  /** Why it failed. */
  readonly message?: string
}

export interface StageView {
  readonly name: string
  /** Items, or calls. */
  readonly done: number
  readonly tasks: number
  readonly failed: number
  readonly running: number
  /** Absent where nobody knows. */
  readonly waiting?: number
  /** How long threads were at it, all together. */
  readonly busyMs: number
}

export interface WorkerView {
  readonly pod: string
  readonly node: string
  readonly threads: number
  readonly busy: number
  readonly isDraining: boolean
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly cpuMs: number
}

export const runs: ResourceType<Run> = {
  group: 'shoal.dev',
  version: 'v1',
  kind: 'Run',
  plural: 'runs',
  singular: 'run',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: [],
  categories: ['all'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: 'Run' }],
  definition: 'dev.shoal.v1.Run',
}

const integer = { type: 'integer', format: 'int64', minimum: 0 } as const
const time = { type: 'string', format: 'date-time' } as const
const text = { type: 'string' } as const

const truth = { type: 'boolean' } as const
const stageView = {
  type: 'object',
  properties: {
    name: text,
    done: integer,
    tasks: integer,
    failed: integer,
    running: integer,
    waiting: integer,
    busyMs: integer,
  },
} as const
const workerView = {
  type: 'object',
  properties: {
    pod: text,
    node: text,
    threads: integer,
    busy: integer,
    isDraining: truth,
    memoryBytes: integer,
    diskBytes: integer,
    cpuMs: integer,
  },
} as const

/** What makes an API server serve runs. */
export const runDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'runs.shoal.dev' },
  spec: {
    group: 'shoal.dev',
    scope: 'Namespaced',
    names: { kind: 'Run', listKind: 'RunList', plural: 'runs', singular: 'run', categories: ['all'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Program', type: 'string', jsonPath: '.spec.program' },
          { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
          { name: 'Workers', type: 'integer', jsonPath: '.status.workers' },
          { name: 'Tasks', type: 'integer', jsonPath: '.status.tasks' },
          { name: 'Retries', type: 'integer', jsonPath: '.status.retries', priority: 1 },
          { name: 'Losses', type: 'integer', jsonPath: '.status.losses' },
          { name: 'Owner', type: 'string', jsonPath: '.spec.owner', priority: 1 },
          { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A program that runs on workers, or has.',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['program', 'workers'],
                properties: {
                  program: text,
                  args: { type: 'array', items: text },
                  owner: text,
                  workers: integer,
                  driver: driverSchema,
                },
              },
              status: {
                type: 'object',
                properties: {
                  phase: { type: 'string', enum: ['Pending', 'Running', 'Succeeded', 'Failed'] },
                  startTime: time,
                  completionTime: time,
                  workers: integer,
                  tasks: integer,
                  retries: integer,
                  losses: integer,
                  stages: { type: 'array', items: stageView },
                  pods: { type: 'array', items: workerView },
                  heartbeatTime: time,
                  reason: text,
                  message: text,
                },
              },
            },
          },
        },
      },
    ],
  },
}
