import type { Environment } from '../env/environment.ts'

/**
 * Events that one program writes at once. What they tell of matters more: in a burst they share few of the flushes, and
 * catch up after it.
 */
const MOST_AT_ONCE = 16

/** The way by which all recorders of a program write, in order of asking. */
export interface EventLane {
  /** Those that wait for their turn. */
  readonly waiting: number
  /** Calls `write` when it is its turn; settles as it does. */
  run(write: () => Promise<void>): Promise<void>
}

const lanes = new WeakMap<Environment, EventLane>()

/** The one lane of an environment, whose recorders are as many as its nodes and controllers. */
export function eventLaneOf(env: Environment): EventLane {
  let lane = lanes.get(env)
  if (lane === undefined) lanes.set(env, (lane = createEventLane()))
  return lane
}

function createEventLane(): EventLane {
  const queue: (() => void)[] = []
  let next = 0
  let running = 0
  const enter = (): Promise<void> | undefined => {
    if (running < MOST_AT_ONCE) return void (running += 1)
    return new Promise((resolve) => void queue.push(resolve))
  }
  /** The place goes to who has waited longest; a queue that is done with starts anew. */
  const leave = () => {
    const first = queue[next++]
    if (first !== undefined) return first()
    running -= 1
    queue.length = next = 0
  }
  return {
    get waiting() {
      return queue.length - next
    },
    async run(write) {
      await enter()
      try {
        await write()
      } finally {
        leave()
      }
    },
  }
}
