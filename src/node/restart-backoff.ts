import type { ContainerRecord } from './pod-record.ts'
import { exitOf } from './pod-record.ts'

/** The kubelet's figures: 10 s, doubled with every crash up to 5 min, forgotten after running for 10 min. */
const FIRST_MS = 10_000
const MOST_MS = 300_000
const FORGOTTEN_AFTER_MS = 600_000

/**
 * The record of a container that has just ended, with the pause before its next attempt: none before the first restart,
 * as the kubelet does.
 */
export function withBackoff(record: ContainerRecord, podName: string, crashed: boolean): ContainerRecord {
  const exit = exitOf(record)
  if (exit === undefined) return record
  const ranLong = exit.finishedAtMs - exit.startedAtMs > FORGOTTEN_AFTER_MS
  if (!crashed || ranLong || record.restarts === 0) {
    return { ...record, backoffMs: 0, notBeforeMs: exit.finishedAtMs }
  }
  const backoffMs = Math.min(MOST_MS, record.backoffMs === 0 ? FIRST_MS : record.backoffMs * 2)
  const pause = formatPause(backoffMs)
  const message = `back-off ${pause} restarting failed container=${record.current?.name} pod=${podName}`
  const waiting = { reason: 'CrashLoopBackOff', message }
  return { ...record, backoffMs, notBeforeMs: exit.finishedAtMs + backoffMs, waiting }
}

/** As Go writes durations: `10s`, `1m20s`, `5m0s`. */
export function formatPause(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
