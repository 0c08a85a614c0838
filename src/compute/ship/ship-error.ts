/** Why something cannot travel. Stable: programs may switch on it. */
export type ShipErrorCode =
  | 'SHIP_VALUE' // a captured value cannot be copied to another process
  | 'SHIP_SYNTAX' // the function is tied to where it stands
  | 'SHIP_SOURCE' // the function's source cannot be had
  | 'SHIP_PACKAGE' // a package that it imports cannot be bundled

export interface ShipErrorFacts {
  /** The variable, or the function itself where the fault is its own. */
  readonly name: string
  /** Where in the value, such as `config.pool.socket`. */
  readonly path: string
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A function was refused because it, or something that it captures, cannot travel to a worker. */
export class ShipError extends Error {
  override readonly name = 'ShipError'
  readonly code: ShipErrorCode
  readonly facts: ShipErrorFacts
  readonly hint: string

  constructor(code: ShipErrorCode, facts: ShipErrorFacts, why: string, hint: string, cause?: unknown) {
    super(`Cannot send "${facts.path}" to a worker: ${why}`, cause === undefined ? {} : { cause })
    this.code = code
    this.facts = facts
    this.hint = hint
  }
}
