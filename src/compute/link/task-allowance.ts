import type { Timer } from '../../env/clock.ts'
import type { Environment } from '../../env/environment.ts'

/** How many tasks of one stage may be with a coordinator elsewhere. */
export interface TaskAllowance {
  readonly tasks: number
  /** There are so many threads to hand out tasks for. */
  threads(count: number): void
  /** A task was done: it pays to have more there. */
  done(): void
  /** All that is allowed is there. Where that stays so for a while, more is, and `onMore` is called. */
  exhausted(): void
  stop(): void
}

/** Tasks with the coordinator at first, for each thread: what items cost is not known yet. */
const FIRST_TASKS = 4
const MAX_TASKS = 65_536
/** Tasks that are not done sooner are long: more of them may as well wait there. */
const PATIENCE_MS = 500

export function createTaskAllowance({ timers }: Environment, onMore: () => void): TaskAllowance {
  let tasks = 0
  let patience: Timer | undefined
  return {
    get tasks() {
      return tasks
    },
    threads: (count) => void (tasks = Math.max(tasks, FIRST_TASKS * count)),
    done: () => void (tasks = Math.min(MAX_TASKS, tasks + 2)),
    exhausted() {
      if (tasks >= MAX_TASKS) return
      patience ??= timers.after(
        PATIENCE_MS,
        () => {
          patience = undefined
          tasks = Math.min(MAX_TASKS, tasks * 4)
          onMore()
        },
        { background: true },
      )
    },
    stop: () => patience?.cancel(),
  }
}
