import { SCHEDULER, userInfo } from '../../src/cluster/users.ts'
import { startScheduler } from '../../src/scheduler/scheduler.ts'
import { createPart } from '../part.ts'
import type { Part, PartFacts } from '../part.ts'

/** The scheduler, as a process of its own. */
export function schedulerPart(facts: Omit<PartFacts, 'launch'>): Part {
  return createPart({
    ...facts,
    launch: (clientFor) => startScheduler({ env: facts.env, client: clientFor(userInfo(SCHEDULER)) }),
  })
}
