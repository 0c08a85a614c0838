import type { TaskRecord } from '../compute/coordinator/task-record.ts'
import type { OnComputeEvent } from '../compute/events.ts'
import type { Shoal } from '../compute/shoal.ts'
import type { DriverPod } from './driver-pod.ts'
import type { WorkerOptions } from '../compute/pods/worker-job.ts'

/** What whoever runs a program (the command line) decides for all its sessions; `connect()` has the last word. */
export interface RunSettings {
  /** A context of a kubeconfig in place of the embedded cluster. */
  readonly context?: string
  readonly kubeconfig?: string
  readonly namespace?: string
  /** The driver runs in a pod of the cluster: how it was made ready beforehand. */
  readonly pod?: DriverPod
  /** Makes the run durable: see `ConnectOptions.name`. */
  readonly name?: string
  readonly image?: string
  readonly workers?: WorkerOptions
  readonly program?: { readonly name: string; readonly args?: readonly string[] }
  readonly onEvent?: OnComputeEvent
  /** Where tasks that fail for good are kept, for `shoal replay`. */
  readonly failedDirectory?: string
  readonly onTask?: (record: TaskRecord) => void
  /** Hears of each session when it opens. */
  readonly onSession?: (session: Shoal) => void
}

let current: RunSettings = {}

/** Sets what the sessions of this process start from. */
export function setRunSettings(settings: RunSettings): void {
  current = settings
}

export function runSettings(): RunSettings {
  return current
}
