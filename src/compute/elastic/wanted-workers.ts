import type { Demand, StageDemand } from '../coordinator/demand.ts'
import type { Needs } from '../coordinator/stage.ts'
import type { ElasticLimits } from './elastic-pool.ts'

/** What a task holds that asks for nothing in particular. */
const ORDINARY: Needs = { cpu: 1 }

/** What waits is worth a thread that has to come for it where it takes so long. */
const WORTH_MS = 500

/**
 * How many workers the work at hand can use, within the limits: as many as hold what its running and waiting tasks need together, where
 * these take long enough for each that comes to have something to do. `capacity` is what one worker offers. A stage that cannot say how
 * much waits counts as twice what runs of it.
 */
export function wantedWorkers(demand: Demand, capacity: Needs, { min, max, spare }: ElasticLimits): number {
  const total = new Map<string, number>()
  for (const stage of demand.stages) {
    const tasks = tasksOf(stage, capacity)
    for (const [name, amount] of Object.entries(stage.needs ?? ORDINARY)) {
      total.set(name, (total.get(name) ?? 0) + amount * tasks)
    }
  }
  let needed = 0
  for (const [name, amount] of total) needed = Math.max(needed, Math.ceil(amount / (capacity[name] || 1)))
  if (needed === 0 && demand.stages.some(({ running, waiting }) => running + (waiting ?? 1) > 0)) needed = 1
  const homes = demand.workers.filter(({ isHolding }) => isHolding).length
  needed = Math.max(needed, homes)
  return Math.min(max, Math.max(min, needed === 0 ? 0 : needed + spare))
}

function tasksOf({ running, waiting, taskMs }: StageDemand, capacity: Needs): number {
  if (waiting === undefined) return running + Math.max(1, capacity['cpu'] ?? 1, running)
  return running + (taskMs === undefined ? waiting : Math.min(waiting, Math.ceil((waiting * taskMs) / WORTH_MS)))
}
