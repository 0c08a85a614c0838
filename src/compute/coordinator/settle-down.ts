import { capacityOf, freeOf, shortageOf } from './room.ts'
import type { RunningStages } from './running-stages.ts'
import type { Needs } from './stage.ts'
import { openSlot } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/**
 * The thread on which something that stays in one place does best: in the worker with the fewest of its kind, apart from the
 * threads of tasks, so that neither keeps the other waiting. Undefined while no worker has room.
 */
export function settleDown(
  workers: ReadonlySet<ConnectedWorker>,
  running: RunningStages,
  needs: Needs | undefined,
): Slot | undefined {
  const residents = residentsOf(running)
  const load = (worker: ConnectedWorker) => worker.slots.reduce((sum, slot) => sum + (residents.get(slot) ?? 0), 0)
  const roomy = [...workers].filter((worker) => !worker.isDraining && hasRoom(worker, running, needs))
  const worker = roomy.sort((left, right) => load(left) - load(right))[0]
  if (worker === undefined) return undefined
  const apart = worker.slots.filter(({ isApart }) => isApart)
  const emptiest = apart.sort((left, right) => (residents.get(left) ?? 0) - (residents.get(right) ?? 0))[0]
  if (emptiest !== undefined && (apart.length >= worker.facts.threads || !residents.has(emptiest))) return emptiest
  return openSlot(worker) ?? emptiest
}

/** An actor without needs takes no more than its share of a thread. */
function hasRoom(worker: ConnectedWorker, running: RunningStages, needs: Needs | undefined): boolean {
  return (
    needs === undefined ||
    (shortageOf(needs, capacityOf(worker.facts)) ?? shortageOf(needs, freeOf(worker, running))) === undefined
  )
}

function residentsOf(running: RunningStages): Map<unknown, number> {
  const residents = new Map<unknown, number>()
  for (const { spec } of running.byId.values()) {
    const home = spec.home?.()
    if (home !== undefined) residents.set(home, (residents.get(home) ?? 0) + 1)
  }
  return residents
}
