/**
 * Things of a session that functions capture and that stand for themselves on workers: tasks, the session, the context of a
 * task. They do not travel; the worker's thread has its own of each.
 */
export interface HostValue {
  /** What it is, and which: as `worker/thread-session.ts` knows it. */
  readonly name: 'session' | 'task' | 'taskContext' | 'actor' | 'object'
  readonly id: string
  /** Told when it is captured: functions that hold it may ask for it from now on. */
  readonly onCaptured?: () => void
}

const values = new WeakMap<object, HostValue>()

/** From now on `value` is known to workers as `host` says. */
export function markHostValue<T extends object>(value: T, host: HostValue): T {
  values.set(value, host)
  return value
}

export const hostValueOf = (value: object): HostValue | undefined => values.get(value)
