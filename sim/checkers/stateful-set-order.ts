import type { StatefulSet } from '../../src/api/generated/apps-v1.ts'
import type { Pod } from '../../src/api/generated/core-v1.ts'
import type { Change } from '../../src/store/store.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/** The pods of an ordered StatefulSet come one after the other: none before the one below it has been ready. */
export function statefulSetsKeepOrder(): Checker {
  const ordered = new Set<string>()
  /** By the set's uid: ordinals that have been ready. */
  const beenReady = new Map<string, Set<number>>()
  return {
    name: 'stateful sets keep order',
    commit({ changes }) {
      for (const change of changes) {
        if (change.entry.resource === 'statefulsets.apps') seeSet(ordered, change)
        if (change.entry.resource === 'pods') seePod(ordered, beenReady, change)
      }
    },
  }
}

function seeSet(ordered: Set<string>, { entry }: Change): void {
  const { metadata, spec } = entry.object as StatefulSet
  if (spec?.podManagementPolicy !== 'Parallel') ordered.add(metadata.uid!)
}

function seePod(ordered: ReadonlySet<string>, beenReady: Map<string, Set<number>>, { type, entry }: Change): void {
  const { metadata, status } = entry.object as Pod
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'StatefulSet')
  if (owner === undefined || !ordered.has(owner.uid)) return
  const ordinal = Number(metadata.name!.slice(owner.name.length + 1))
  const ready = beenReady.get(owner.uid) ?? new Set()
  beenReady.set(owner.uid, ready)
  const isFirst = ordinal === 0 || ready.has(ordinal - 1)
  check(type !== 'create' || isFirst, () => `pod ${metadata.name} was created before ${ordinal - 1} had been ready`)
  if (status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')) ready.add(ordinal)
}
