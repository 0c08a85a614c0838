/**
 * What crosses the wire when a function travels. Types only: driver, coordinator and worker share them.
 *
 * A function travels as a small graph: itself, and every function that it reaches through what it captures, each with
 * the values that it captured. The code of these functions is apart, named by hash, so that a worker gets each once.
 */

/** One piece of code. Immutable: the same hash always means the same text. */
export interface ShippedCode {
  readonly hash: string
  /**
   * `function`: the text of one function or class as a script whose value is a factory, placed at `line` and `column`
   * of `file` so that stacks speak of the user's source. `package`: an npm package bundled as CommonJS text.
   */
  readonly kind: 'function' | 'package'
  readonly source: string
  /** The user's file, as a path where it is one. */
  readonly file: string
  /** Lines to add to those of `source`, so that they are those of `file` (may be negative). */
  readonly lineOffset: number
}

/** Where a function stands in the user's source, 1-based, for messages, dashboards and death certificates. */
export interface FunctionDisplay {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A function as submitted. Plain data that structured clone, `v8.serialize` and a byte frame (with care) can carry. */
export interface ShippedFunction {
  /** Names this function with its captured values: equal ids may share one revived function on a worker thread. */
  readonly id: string
  /** Hashes of every `ShippedCode` that must be at the worker before `revive`. */
  readonly code: readonly string[]
  /** The captured values, a snapshot from the moment of submission, as `v8.serialize` wrote them. */
  readonly captured: Uint8Array
  readonly display: FunctionDisplay
}

/** What `ship` answers: the function, and the text of all code that it needs. */
export interface Shipment {
  readonly shipped: ShippedFunction
  /** Every piece that `shipped.code` names. The sender leaves out those which a worker already has. */
  readonly code: readonly ShippedCode[]
}

/** The worker's side. One per worker thread; made by `createReviver()` in `compute/wire/revive.ts`. */
export interface Reviver {
  has(hash: string): boolean
  addCode(code: ShippedCode): void
  /** The function, able to run. The same `id` gives the same function. Throws a plain Error if a hash is missing. */
  revive(shipped: ShippedFunction): (...args: never[]) => unknown
}
