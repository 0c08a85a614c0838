import type { Client } from '../src/client/client.ts'
import type { Informer } from '../src/informer/informer.ts'
import type { Commit, Store } from '../src/store/store.ts'
import { cachesAgree } from './checkers/caches-agree.ts'
import type { Checker } from './checkers/checker.ts'
import { jobsCountExactly } from './checkers/job-counts.ts'
import { deletionCompletes } from './checkers/leftovers.ts'
import { nodesHaveRoom } from './checkers/node-room.ts'
import { nobodyIsTurnedAway } from './checkers/turned-away.ts'
import { transitionsKeepTheirTime } from './checkers/transition-times.ts'
import { revisionsRise } from './checkers/revisions.ts'
import { statefulSetsKeepOrder } from './checkers/stateful-set-order.ts'
import { watchesAreGapFree } from './checkers/watch-history.ts'
import { workloadsGetTheirPods } from './checkers/workloads-met.ts'
import type { Ledger } from './faults/ledger.ts'

/** The checker that found something, and what. */
export interface Finding {
  readonly checker: string
  readonly message: string
}

/** All checkers over one store. */
export interface Inspection {
  /** The first that was found, if anything was. */
  readonly finding: Finding | undefined
  probe(client: Client, who: string): Client
  watchCaches(informers: () => readonly Informer[]): void
  /** What is not, or not yet, as it must be in the end. */
  unsettled(): Finding | undefined
}

/** Begins to look at every commit of `store`, before anybody else hears of it. */
export function createInspection(store: Store, ledger: Ledger): Inspection {
  const watches = watchesAreGapFree(store)
  const checkers: Checker[] = [
    revisionsRise(),
    watches,
    nodesHaveRoom(),
    nobodyIsTurnedAway(),
    transitionsKeepTheirTime(),
    jobsCountExactly(ledger),
    statefulSetsKeepOrder(),
    workloadsGetTheirPods(),
    deletionCompletes(),
  ]
  let finding: Finding | undefined
  const attempt = (checker: Checker, look: () => void): Finding | undefined => {
    try {
      look()
      return undefined
    } catch (error) {
      return { checker: checker.name, message: error instanceof Error ? error.message : String(error) }
    }
  }
  const see = (commit: Commit) => {
    for (const checker of checkers) finding ??= attempt(checker, () => checker.commit?.(commit))
  }
  store.onDurable((commits) => commits.forEach(see))
  return {
    get finding() {
      return finding
    },
    probe: (client, who) =>
      watches.probe(client, who, (error) => {
        finding ??= attempt(watches, () => {
          throw error
        })
      }),
    watchCaches: (informers) => void checkers.push(cachesAgree(informers)),
    unsettled() {
      const snapshot = store.durable()
      for (const checker of checkers) {
        const open = attempt(checker, () => checker.end?.(snapshot))
        if (open !== undefined) return open
      }
      return undefined
    },
  }
}
