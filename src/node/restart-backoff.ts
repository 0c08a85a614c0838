import type { Backoff, ContainerRecord } from './pod-record.ts'
import { exitOf } from './pod-record.ts'

/** The kubelet's figures: 10 s, doubled with every crash up to 5 min, forgotten after running for 10 min. */
const FIRST_MS = 10_000
const MOST_MS = 300_000
const FORGOTTEN_AFTER_MS = 600_000
/** An exit is told as such for a moment before it is told as a back-off, as it is by the kubelet, which looks once a second. */
const LOOK_MS = 1_000

/**
 * Whether a pause is over. None is longer than five minutes, whatever it looks like to a clock that was set back meanwhile.
 */
export function isOver(untilMs: number, nowMs: number): boolean {
  return untilMs <= nowMs || untilMs - nowMs > MOST_MS
}

/** The pause after the next failure in a row. */
export function longer(known: Backoff | undefined, nowMs: number): Backoff {
  const lengthMs = known === undefined ? FIRST_MS : Math.min(MOST_MS, known.lengthMs * 2)
  return { lengthMs, untilMs: nowMs + lengthMs }
}

/** When something that is held back is first told to be. */
export function lookAt({ untilMs }: Backoff, nowMs: number): number {
  return Math.min(untilMs, nowMs + LOOK_MS)
}

/**
 * The record of a container that has ended and is to be started again, with the pause before that: none before the first
 * restart, as the kubelet does. `nowMs` is when the end became known, on a busy machine long after it.
 */
export function withBackoff(record: ContainerRecord, nowMs: number): ContainerRecord {
  const exit = exitOf(record)
  if (exit === undefined) return record
  const { restart: known, ...rest } = record
  const ranLong = exit.finishedAtMs - exit.startedAtMs > FORGOTTEN_AFTER_MS
  if (ranLong || record.restarts === 0) return { ...rest, notBeforeMs: exit.finishedAtMs }
  const restart = longer(known, exit.finishedAtMs)
  return { ...rest, restart, notBeforeMs: lookAt(restart, Math.max(nowMs, exit.finishedAtMs)) }
}

/** As Go writes durations: `10s`, `1m20s`, `5m0s`. */
export function formatPause(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
