import type { CoordinatorOptions } from './options.ts'
import type { Stage, StageSpec } from './stage.ts'
import { tell } from './worker.ts'
import type { ConnectedWorker, Slot } from './worker.ts'

/**
 * The stages that have not ended, oldest first. A stage goes from running to collecting when nothing is open and nothing
 * more comes, back when a thread is lost before it was collected, and ends once. It is awake while it may have something
 * to do: it falls asleep when it gives nothing, and wakes when it says so or something of it is to run again.
 */
export interface RunningStages {
  readonly byId: ReadonlyMap<number, Stage>
  /** Those that may have something to do: by priority, then by age. */
  awake(): readonly Stage[]
  wake(stage: Stage): void
  /** Rises whenever there may be something to do for threads that there was nothing for before. */
  changes(): number
  sleep(stage: Stage): void
  /** Whether some stage asks for more than a thread. */
  hasNeeds(): boolean
  needy(): ReadonlySet<Stage>
  begin(spec: StageSpec<unknown>): { readonly stage: Stage; readonly finished: Promise<void> }
  /** Moves on where all tasks are done: collects what threads have accumulated, then ends. */
  settle(stage: Stage): void
  /** Takes in what a thread has accumulated; the last one ends the stage. */
  part(slot: Slot, id: number, part: Uint8Array): void
  /** With an error unless it has succeeded: workers stop what they run of it. */
  end(stage: Stage, error?: unknown): void
}

const CANCEL_GRACE_MS = 250

/** How long what is cancelled may go on before its thread is ended. */
export function graceOf(options: CoordinatorOptions): number {
  return options.cancelGraceMs ?? CANCEL_GRACE_MS
}

/** `nextNumber` numbers the requests for what threads have accumulated. */
export function createRunningStages(
  options: CoordinatorOptions,
  workers: ReadonlySet<ConnectedWorker>,
  nextNumber: () => number,
): RunningStages {
  const byId = new Map<number, Stage>()
  const awake = new AwakeStages()
  const needy = new Set<Stage>()
  let nextStage = 1
  let changes = 0
  const end = (stage: Stage, error?: unknown) => {
    if (stage.state === 'ended') return
    const cancelled = error !== undefined
    stage.state = 'ended'
    byId.delete(stage.id)
    awake.remove(stage)
    needy.delete(stage)
    for (const worker of workers) {
      for (const slot of worker.slots) slot.accumulated.delete(stage)
      if (!worker.stagesSent.delete(stage.id)) continue
      if (cancelled) tell(worker, { type: 'cancel', stage: stage.id, graceMs: graceOf(options) })
      tell(worker, { type: 'forget', stage: stage.id })
    }
    stage.finish(error)
  }
  return {
    byId,
    awake: () => awake.list,
    wake(stage) {
      // What is to run again may be for threads that had no use for the rest.
      if (!stage.isAwake || stage.again.length > 0) changes++
      awake.add(stage)
    },
    changes: () => changes,
    sleep: (stage) => awake.remove(stage),
    hasNeeds: () => needy.size > 0,
    needy: () => needy,
    begin(spec) {
      const { promise: finished, resolve, reject } = Promise.withResolvers<void>()
      const finish = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      const stage = newStage(nextStage++, spec, finish)
      byId.set(stage.id, stage)
      if (spec.needs !== undefined) needy.add(stage)
      awake.add(stage)
      changes++
      return { stage, finished }
    },
    settle(stage) {
      if (stage.state === 'ended' || stage.open.size > 0 || !stage.spec.isExhausted()) return
      const holders = holdersOf(workers, stage)
      if (holders.length === 0) return end(stage)
      if (stage.state === 'collecting') return
      stage.state = 'collecting'
      for (const { worker, thread } of holders) {
        tell(worker, { type: 'collect', stage: stage.id, thread, request: nextNumber() })
      }
    },
    part(slot, id, part) {
      const stage = byId.get(id)
      if (stage === undefined || !slot.accumulated.delete(stage)) return
      stage.spec.commitPart?.(part)
      if (stage.open.size === 0 && holdersOf(workers, stage).length === 0) end(stage)
    },
    end,
  }
}

/** A list in order that is replaced when it changes, so that whoever goes through it is not disturbed. */
class AwakeStages {
  list: readonly Stage[] = []

  add(stage: Stage): void {
    if (stage.isAwake || stage.state === 'ended') return
    stage.isAwake = true
    const at = this.list.findLastIndex((other) => !goesBefore(stage, other))
    this.list = this.list.toSpliced(at + 1, 0, stage)
  }

  remove(stage: Stage): void {
    if (!stage.isAwake) return
    stage.isAwake = false
    this.list = this.list.filter((other) => other !== stage)
  }
}

function goesBefore(left: Stage, right: Stage): boolean {
  const [mine, theirs] = [left.spec.priority ?? 0, right.spec.priority ?? 0]
  return mine === theirs ? left.id < right.id : mine > theirs
}

function newStage(id: number, spec: StageSpec<unknown>, finish: Stage['finish']): Stage {
  return { id, spec, isAwake: false, again: [], open: new Set(), finish, state: 'running', taskMicros: undefined }
}

/** The threads on which results of the stage lie. */
function holdersOf(workers: ReadonlySet<ConnectedWorker>, stage: Stage): readonly Slot[] {
  const holders: Slot[] = []
  for (const { slots } of workers) for (const slot of slots) if (slot.accumulated.has(stage)) holders.push(slot)
  return holders
}
