import type { Clock } from '../env/clock.ts'
import type { Note } from './change.ts'

/** client-go's limits: similar events before they are combined, and how many about one object, of which 1 in 5 min after. */
export const EVENT_LIMITS = {
  similar: 10,
  similarWindowMs: 600_000,
  burst: 25,
  refillMs: 300_000,
  remembered: 4096,
} as const

/** How a note is to be written: anew, or as one more of the event `name`. */
export interface Correlated {
  readonly message: string
  /** It stands for several that are alike. */
  readonly isCombined: boolean
  readonly count: number
  readonly firstMs: number
  readonly name?: string
  /** Tells under which name the event was created. */
  wrote(name: string): void
}

/** Events of one group. Most have one message for ever, and a set costs more than all the rest. */
interface Alike {
  readonly messages: string | Set<string>
  readonly lastMs: number
}

interface Observation {
  count: number
  firstMs: number
  name?: string
}

/**
 * Counts repeated events and combines similar ones, as client-go's EventCorrelator does. Returns undefined for a note that
 * is one too many about its object.
 */
export function createEventCorrelator(clock: Clock): (note: Note) => Correlated | undefined {
  const observed = new Map<string, Observation>()
  const similar = new Map<string, Alike>()
  const buckets = new Map<string, { tokens: number; refilledMs: number }>()

  const combine = (note: Note, group: string, nowMs: number) => {
    const known = similar.get(group)
    const fresh = known !== undefined && nowMs - known.lastMs <= EVENT_LIMITS.similarWindowMs
    const messages = withMessage(fresh ? known.messages : note.message, note.message)
    remember(similar, group, { messages, lastMs: nowMs })
    if (typeof messages === 'string' || messages.size < EVENT_LIMITS.similar)
      return { key: `${group}|${note.fieldPath ?? ''}|${note.message}`, message: note.message, isCombined: false }
    messages.delete(messages.values().next().value!)
    return { key: group, message: `(combined from similar events): ${note.message}`, isCombined: true }
  }

  const mayPass = (about: string, nowMs: number): boolean => {
    const bucket = buckets.get(about) ?? { tokens: EVENT_LIMITS.burst, refilledMs: nowMs }
    const refilled = bucket.tokens + (nowMs - bucket.refilledMs) / EVENT_LIMITS.refillMs
    const tokens = Math.min(EVENT_LIMITS.burst, refilled)
    remember(buckets, about, { tokens: tokens >= 1 ? tokens - 1 : tokens, refilledMs: nowMs })
    return tokens >= 1
  }

  return (note) => {
    const nowMs = clock.now()
    const { kind, metadata, apiVersion } = note.about
    const about = [apiVersion, kind, metadata.namespace, metadata.name, metadata.uid].join('|')
    const { key, ...said } = combine(note, `${about}|${note.type}|${note.reason}`, nowMs)
    const observation = observed.get(key) ?? { count: 0, firstMs: nowMs }
    observation.count += 1
    remember(observed, key, observation)
    if (!mayPass(about, nowMs)) return undefined
    const { count, firstMs, name } = observation
    const wrote = (created: string) => {
      observation.name = created
    }
    return { ...said, count, firstMs, wrote, ...(name === undefined ? {} : { name }) }
  }
}

function withMessage(messages: Alike['messages'], message: string): Alike['messages'] {
  if (messages === message) return messages
  return typeof messages === 'string' ? new Set([messages, message]) : messages.add(message)
}

/** Puts the entry last and drops the oldest beyond the bound. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > EVENT_LIMITS.remembered) map.delete(map.keys().next().value!)
}
