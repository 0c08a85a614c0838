import type { Environment } from '../../env/environment.ts'
import type { Shipper } from '../ship/ship.ts'
import type { StageRunner } from '../stage-runner.ts'
import type { Shipment } from '../wire/shipped.ts'
import { createCallGroup } from './call-group.ts'
import type { CallGroup, CallGroupHost } from './call-group.ts'
import type { TaskDefinition, TaskOptions } from './task.ts'

export interface TaskGroupsOptions {
  readonly env: Environment
  readonly shipper: Pick<Shipper, 'ship'>
  readonly stages: StageRunner
}

/** How long a group without calls is still shown as running: calls one at a time are one stage, not thousands. */
const LINGER_MS = 250

/** The groups of calls of a session, one for each task and whether it is nested, and what is told of them. */
export class TaskGroups {
  readonly #options: TaskGroupsOptions
  readonly #host: CallGroupHost
  readonly #byTask = new Map<TaskDefinition, [CallGroup | undefined, CallGroup | undefined]>()
  readonly #shown = new Map<CallGroup, Shown>()

  constructor(options: TaskGroupsOptions, host: CallGroupHost) {
    this.#options = options
    this.#host = host
  }

  of(target: object, definition: TaskDefinition | undefined, isNested: boolean): CallGroup {
    if (definition === undefined) return this.#create(target as TaskDefinition['fn'], {}, isNested, true)
    let pair = this.#byTask.get(definition)
    if (pair === undefined) this.#byTask.set(definition, (pair = [undefined, undefined]))
    return (pair[isNested ? 1 : 0] ??= this.#create(definition.fn, definition.options, isNested, false))
  }

  #create(fn: TaskDefinition['fn'], options: TaskOptions<never>, isNested: boolean, isBrief: boolean): CallGroup {
    const shipment: Promise<Shipment> = this.#options.shipper.ship(fn)
    shipment.catch(() => {})
    const name = options.name ?? fn.name
    return createCallGroup({ name, options, isNested, isBrief, shipment, host: this.#host })
  }

  /** There is something to do: workers are needed, and the group is shown. */
  busy(group: CallGroup): void {
    const shown = this.#shown.get(group)
    if (shown !== undefined) {
      shown.total++
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const next: Shown = { total: 1, done: 0, end: resolve, step: undefined, isLingering: false }
    this.#shown.set(group, next)
    const work = ({ step }: { step: Shown['step'] }) => {
      next.step = step
      return promise
    }
    // What becomes of calls is for those who hold their futures.
    const run = this.#options.stages.run({
      title: group.name === '' ? 'function' : group.name,
      unit: 'items',
      work,
      isCancelled: () => true,
    })
    run.catch(() => {})
  }

  done(group: CallGroup): void {
    const shown = this.#shown.get(group)
    if (shown === undefined) return
    shown.done++
    shown.step?.(shown.done, shown.total)
    if (group.pending === 0 && !shown.isLingering) this.#linger(group, shown)
  }

  /** One timer at a time, however many calls come one after another meanwhile. */
  #linger(group: CallGroup, shown: Shown): void {
    const { total } = shown
    const end = () => {
      shown.isLingering = false
      if (shown.total !== total) return group.pending === 0 ? this.#linger(group, shown) : undefined
      this.#shown.delete(group)
      shown.end()
    }
    shown.isLingering = true
    this.#options.env.timers.after(LINGER_MS, end, { background: true })
  }
}

interface Shown {
  total: number
  done: number
  end: () => void
  step: ((done: number, total: number | undefined) => void) | undefined
  isLingering: boolean
}
