import type { WorkerFacts } from '../wire/messages.ts'
import type { RunningStages } from './running-stages.ts'
import type { Needs, Stage } from './stage.ts'
import { runningOf } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/** What a task holds that asks for nothing in particular. */
const ORDINARY: Needs = { cpu: 1 }

/** Whether a task of `stage` may go to the thread now: it is at home there, and what it needs is free in that worker. */
export function mayRun(stage: Stage, slot: Slot, alone: boolean, running: RunningStages): boolean {
  const { spec } = stage
  if (spec.home !== undefined) return spec.home() === slot
  if (slot.isApart) return false
  if (!running.hasNeeds() || !alone) return spec.needs === undefined || alone
  const needs = spec.needs ?? ORDINARY
  const free = freeOf(slot.worker, running)
  return Object.entries(needs).every(([name, amount]) => amount <= (free[name] ?? 0))
}

/** What a worker offers its tasks. */
export function capacityOf({ threads, resources }: Pick<WorkerFacts, 'threads' | 'resources'>): Needs {
  return { cpu: threads, ...resources }
}

/** What no running task and no resident of the worker holds. */
export function freeOf(worker: ConnectedWorker, running: RunningStages): Record<string, number> {
  const free: Record<string, number> = { ...capacityOf(worker.facts) }
  const hold = (needs: Needs) => {
    for (const [name, amount] of Object.entries(needs)) free[name] = (free[name] ?? 0) - amount
  }
  for (const slot of worker.slots) {
    const task = slot.isApart ? undefined : runningOf(slot)
    if (task !== undefined) hold(task.stage.spec.needs ?? ORDINARY)
  }
  for (const { spec } of running.needy())
    if (spec.needs !== undefined && spec.home?.()?.worker === worker) hold(spec.needs)
  return free
}

/** Which of the needs no worker that offers `capacity` can ever meet, in words; undefined where it can. */
export function shortageOf(needs: Needs, capacity: Needs): string | undefined {
  const short = Object.entries(needs).filter(([name, amount]) => amount > (capacity[name] ?? 0))
  if (short.length === 0) return undefined
  return short.map(([name, amount]) => `${name} ${amount} of ${capacity[name] ?? 0}`).join(', ')
}
