import type { Listener } from './listener.ts'

/** What the balancer's thread is told: listeners to open or to give other targets, and the keys of those to close. */
export interface TableChange {
  readonly id: number
  readonly listen: readonly Listener[]
  readonly close: readonly string[]
}

/** Its answer, when the change is in effect. */
export interface TableChanged {
  readonly id: number
  /** The code of the error of each listener of the change that could not be opened, by key. */
  readonly failures: ReadonlyMap<string, string>
  /** The port of each that listens elsewhere, since its own needs privileges. */
  readonly shifted: ReadonlyMap<string, number>
}
