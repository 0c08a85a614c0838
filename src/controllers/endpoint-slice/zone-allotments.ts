import type { Allotment, ZoneShares } from './zone-shares.ts'
import { isOverloaded } from './zone-shares.ts'

/**
 * What the controller has meant for each zone so far, by Service and family of addresses. Held for Services whose annotation asks for
 * it and while it lives, as in Kubernetes: after a restart hints are worked out anew and said to be enabled again.
 */
export interface ZoneAllotments {
  readonly shares: ZoneShares | undefined
  has(service: string): boolean
  set(service: string, family: string, allotment: Allotment): void
  remove(service: string, family?: string): void
}

export interface KeptAllotments extends ZoneAllotments {
  /** There are other nodes: shares are worked out anew when they are asked for next. */
  nodesChanged(): void
  readonly isEmpty: boolean
  /** The Services whose endpoints do not suit the nodes any more. */
  overloaded(): readonly string[]
}

/** `sharesNow` is called no more often than nodes change, and only where a Service asks. */
export function keepAllotments(sharesNow: () => ZoneShares | undefined): KeptAllotments {
  const allotments = new Map<string, Map<string, Allotment>>()
  let known: { readonly shares: ZoneShares | undefined } | undefined
  const shares = () => (known ??= { shares: sharesNow() }).shares
  return {
    get shares() {
      return shares()
    },
    get isEmpty() {
      return allotments.size === 0
    },
    has: (service) => allotments.has(service),
    set(service, family, allotment) {
      const own = allotments.get(service) ?? new Map<string, Allotment>()
      own.set(family, allotment)
      allotments.set(service, own)
    },
    remove(service, family) {
      const own = allotments.get(service)
      if (family !== undefined) own?.delete(family)
      if (family === undefined || own?.size === 0) allotments.delete(service)
    },
    nodesChanged: () => (known = undefined),
    overloaded: () =>
      [...allotments]
        .filter(([, own]) => [...own.values()].some((allotment) => isOverloaded(allotment, shares())))
        .map(([service]) => service),
  }
}
