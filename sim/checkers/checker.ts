import type { Commit, Snapshot } from '../../src/store/store.ts'

/** Something that must never be, or must be in the end. A checker throws {@link CheckFailed} where it is not so. */
export interface Checker {
  readonly name: string
  /** Looks at each durable commit, in order. */
  commit?(commit: Commit): void
  /** Looks at what is left when everything has settled. */
  end?(snapshot: Snapshot): void
}

/** What a checker found, in a sentence with the numbers. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed'
}

export function check(holds: boolean, message: () => string): void {
  if (!holds) throw new CheckFailed(message())
}
