/**
 * What faults did that a correct cluster cannot make up for at once, so that checkers know what to forgive: a pod whose
 * creator never heard of it may be created again, as on real Kubernetes, until a watch shows it.
 */
export interface Ledger {
  /** An object of the owner with that uid was created and nobody was told. */
  lostCreation(ownerUid: string): void
  lostCreationsOf(ownerUid: string): number
}

export function createLedger(): Ledger {
  const lost = new Map<string, number>()
  return {
    lostCreation: (ownerUid) => void lost.set(ownerUid, (lost.get(ownerUid) ?? 0) + 1),
    lostCreationsOf: (ownerUid) => lost.get(ownerUid) ?? 0,
  }
}
