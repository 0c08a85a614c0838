import type { Event } from '../api/generated/core-v1.ts'
import { events } from '../api/generated/resources.ts'
import { hasReason } from '../api/meta/status.ts'
import type { Client } from '../client/client.ts'
import { formatTime, sleep } from '../env/clock.ts'
import type { Environment } from '../env/environment.ts'
import type { Note } from './change.ts'
import { createEventCorrelator } from './event-correlator.ts'
import type { Correlated } from './event-correlator.ts'
import { eventLaneOf } from './event-lane.ts'

/** Events that wait to be written; more are dropped, and counted. */
export const EVENT_BACKLOG = 1000

/** Writes events (core/v1) in the background, one after the other, repeated ones as a count. Never fails its caller. */
export interface EventRecorder {
  /** Events that were dropped because the backlog was full or the server would not take them. */
  readonly dropped: number
  record(note: Note): void
  /** Resolves when all that was recorded is written, or after `deadlineMs`. */
  flush(deadlineMs: number): Promise<void>
}

/** A note, and when it was made. */
interface Recorded {
  readonly note: Note
  readonly nowMs: number
}

/** Who speaks in an event: the component, and the node that it runs on where it belongs to one. */
export interface EventSource {
  readonly component: string
  readonly host?: string
}

export function createEventRecorder(env: Environment, client: Client, source: EventSource): EventRecorder {
  const correlate = createEventCorrelator(env.clock)
  const lane = eventLaneOf(env)
  const backlog: Recorded[] = []
  let dropped = 0
  let serial = 0
  let draining: Promise<void> | undefined

  const drain = async () => {
    for (let next = backlog.shift(); next !== undefined; next = backlog.shift()) {
      try {
        await write(next)
      } catch (error) {
        dropped += 1
        env.log.debug('an event could not be written', { reason: next.note.reason, error })
      }
    }
    draining = undefined
  }

  const write = async (recorded: Recorded): Promise<void> => {
    const seen = correlate(recorded.note)
    if (seen !== undefined) await lane.run(() => send(recorded, seen))
  }

  const send = async ({ note, nowMs }: Recorded, seen: Correlated): Promise<void> => {
    if (seen.name !== undefined) {
      const patch = { count: seen.count, lastTimestamp: formatTime(nowMs), message: seen.message }
      const key = { namespace: namespaceOf(note), name: seen.name }
      try {
        await client.patch(events, key, { type: 'strategic', patch })
        return
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }
    const event = eventOf({ ...note, message: seen.message }, source, nowMs, serial++)
    // As client-go makes it, one that stands for several names its source alone.
    const reporter = seen.isCombined ? { reportingComponent: '', reportingInstance: '' } : {}
    await client.create(events, { ...event, ...reporter, count: seen.count, firstTimestamp: formatTime(seen.firstMs) })
    seen.wrote(event.metadata.name!)
  }

  return {
    get dropped() {
      return dropped
    },
    record(note) {
      if (backlog.length >= EVENT_BACKLOG) return void (dropped += 1)
      backlog.push({ note, nowMs: env.clock.now() })
      draining ??= Promise.resolve().then(drain)
    },
    async flush(deadlineMs) {
      if (draining === undefined) return
      const aborter = new AbortController()
      const late = sleep(env.timers, deadlineMs, aborter.signal).catch(() => {})
      await Promise.race([draining, late])
      aborter.abort()
    },
  }
}

/** Events of cluster-scoped objects live in `default`. */
function namespaceOf(note: Note): string {
  return note.about.metadata.namespace ?? 'default'
}

function eventOf(note: Note, source: EventSource, nowMs: number, serial: number): Event {
  const { metadata, kind, apiVersion } = note.about
  const { namespace, name, uid, resourceVersion } = metadata
  const time = formatTime(nowMs)
  const involved = { kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath: note.fieldPath }
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // As client-go names them: the object's name and the time in nanoseconds, here with a counter for the last digits.
    metadata: { name: `${name}.${eventSuffix(nowMs, serial)}`, namespace: namespaceOf(note) },
    involvedObject: Object.fromEntries(Object.entries(involved).filter(([, value]) => value !== undefined)),
    reason: note.reason,
    message: note.message,
    source: { ...source },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    type: note.type,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  }
}

function eventSuffix(nowMs: number, serial: number): string {
  return (BigInt(Math.trunc(nowMs)) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16)
}
