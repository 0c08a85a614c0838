import { builtInControllers } from '../../src/controllers/built-in.ts'
import { userInfo } from '../../src/cluster/users.ts'
import type { Informer } from '../../src/informer/informer.ts'
import { startManager } from '../../src/reconcile/manager.ts'
import type { Manager } from '../../src/reconcile/manager.ts'
import { createPart } from '../part.ts'
import type { Part, PartFacts } from '../part.ts'

export interface ControllersPart extends Part {
  /** The caches of the manager that runs now. */
  readonly informers: () => readonly Informer[]
  /** What each controller that has something to do is about, in a line. */
  waitsFor(): readonly string[]
}

/** The controller manager: every controller that there is, as one process. */
export function controllersPart(facts: Omit<PartFacts, 'launch'>): ControllersPart {
  let manager: Manager | undefined
  const part = createPart({
    ...facts,
    launch(clientFor) {
      const controllers = builtInControllers({ caCertificate: 'simulated' })
      manager = startManager({ env: facts.env, clientFor: (user) => clientFor(userInfo(user)), controllers })
      return manager
    },
  })
  const waitsFor = () =>
    (manager?.status() ?? [])
      .filter(({ depth, working, delayed, waitingForCaches }) => depth + working + delayed + waitingForCaches > 0)
      .map((status) => JSON.stringify(status))
  return {
    ...part,
    get isUp() {
      return part.isUp
    },
    informers: () => manager?.informers.all() ?? [],
    waitsFor,
  }
}
