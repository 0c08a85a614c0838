import { constants } from 'node:os'

/** Engines tell a signal by its number over 128 alone. */
export function signalOf(exitCode: number): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0]
}
