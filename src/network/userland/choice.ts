import type { Target } from '../services/service-port.ts'
import type { Listener } from './listener.ts'

/** Gives each client a target. */
export interface Choice {
  /** In turn; with affinity the one where the client was last. `tried` are those that did not answer just now. */
  pick(client: string, nowMs: number, tried?: ReadonlySet<Target>): Target | undefined
  /** Other targets, for clients that come from now on. */
  change(listener: Listener): void
}

/** Clients that are remembered; beyond that the longest silent is forgotten. */
const MOST_CLIENTS = 10_000

export function createChoice(first: Listener): Choice {
  const clients = new Map<string, { readonly target: Target; readonly atMs: number }>()
  let { targets, affinitySeconds } = first
  let next = 0

  const remembered = (client: string, nowMs: number): Target | undefined => {
    const known = clients.get(client)
    if (known === undefined || affinitySeconds === undefined) return undefined
    if (nowMs - known.atMs > affinitySeconds * 1000) return undefined
    return targets.find(({ ip, port }) => ip === known.target.ip && port === known.target.port)
  }
  const inTurn = (tried: ReadonlySet<Target> | undefined): Target | undefined => {
    for (let i = 0; i < targets.length; i++) {
      const target = targets[next++ % targets.length]!
      if (tried?.has(target) !== true) return target
    }
    return undefined
  }
  return {
    pick(client, nowMs, tried) {
      const known = affinitySeconds === undefined ? undefined : remembered(client, nowMs)
      const target = known !== undefined && tried?.has(known) !== true ? known : inTurn(tried)
      if (target === undefined || affinitySeconds === undefined) return target
      clients.delete(client)
      clients.set(client, { target, atMs: nowMs })
      if (clients.size > MOST_CLIENTS) clients.delete(clients.keys().next().value!)
      return target
    },
    change(listener) {
      ;({ targets, affinitySeconds } = listener)
    },
  }
}
