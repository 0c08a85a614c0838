import type { UserInfo } from '../verbs/request.ts'

/** How many requests may be under way at once; one more gets 429. */
export interface InFlightLimits {
  /** Requests that change something. Default 800. */
  readonly mutating: number
  /** Requests that only read. Default 1,600. */
  readonly readOnly: number
  /** Watches and other answers without an end. Default 20,000. */
  readonly longRunning: number
}

export const DEFAULT_IN_FLIGHT: InFlightLimits = { mutating: 800, readOnly: 1_600, longRunning: 20_000 }

/** Of each limit, so much more is there for the parts of the system alone: workloads must not starve what heals them. */
const SYSTEM_SHARE = 0.25

export type RequestClass = keyof InFlightLimits

/**
 * Counts what is under way. Members of `system:masters` are never refused, as they come to repair; nodes, controllers and the
 * scheduler have a part of each limit to themselves.
 */
export interface InFlight {
  /** The way to say that the request has ended; undefined where it is one too many. */
  enter(kind: RequestClass, user: UserInfo): (() => void) | undefined
  count(kind: RequestClass): number
}

export function createInFlight(limits: Partial<InFlightLimits> = {}): InFlight {
  const allowed = { ...DEFAULT_IN_FLIGHT, ...limits }
  const counts = { mutating: 0, readOnly: 0, longRunning: 0 }
  const leavers = {
    mutating: () => void counts.mutating--,
    readOnly: () => void counts.readOnly--,
    longRunning: () => void counts.longRunning--,
  }
  return {
    enter(kind, user) {
      if (counts[kind] >= allowed[kind] && !isExempt(user)) {
        const more = isSystem(user) ? Math.max(1, Math.ceil(allowed[kind] * SYSTEM_SHARE)) : 0
        if (counts[kind] >= allowed[kind] + more) return undefined
      }
      counts[kind]++
      return leavers[kind]
    },
    count: (kind) => counts[kind],
  }
}

const isExempt = ({ groups }: UserInfo): boolean => groups.includes('system:masters')

function isSystem({ name, groups }: UserInfo): boolean {
  return (
    name.startsWith('system:kube-') ||
    groups.includes('system:nodes') ||
    groups.includes('system:serviceaccounts:kube-system')
  )
}
