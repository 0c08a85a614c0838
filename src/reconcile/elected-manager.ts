import { startLeaderElection } from './leader-election.ts'
import type { Leadership, LeaderElectionOptions } from './leader-election.ts'
import { fencedClient } from './fenced-client.ts'
import { startManager } from './manager.ts'
import type { Manager, ManagerOptions } from './manager.ts'

export interface ElectedManagerOptions extends ManagerOptions {
  /** The election; `elected` and `deposed` are the manager's own. */
  readonly election: Omit<LeaderElectionOptions, 'env' | 'elected' | 'deposed'>
}

/** A manager that works only while it leads: another of its kind waits, and takes over when it falls silent. */
export interface ElectedManager extends AsyncDisposable {
  readonly isLeader: boolean
  /** The manager that works, while this one leads. */
  readonly manager: Manager | undefined
  close(): Promise<void>
}

export function startElectedManager(options: ElectedManagerOptions): ElectedManager {
  const { env, election } = options
  let manager: Manager | undefined
  let closing: Promise<void> = Promise.resolve()
  const deposed = () => {
    const old = manager
    manager = undefined
    closing = closing.then(() => old?.close()).catch((error) => env.log.warn('a manager did not close', { error }))
  }
  const elected = (leadership: Leadership) => {
    const clientFor = (user: string) => fencedClient(options.clientFor(user), leadership)
    manager = startManager({ ...options, clientFor })
    // What it means that a manager does not get ready is logged by itself, and ends with the leadership.
    manager.ready.catch(() => {})
  }
  const running = startLeaderElection({ ...election, env, elected, deposed })
  const close = async () => {
    await running.close()
    await closing
  }
  return {
    get isLeader() {
      return running.isLeader
    },
    get manager() {
      return manager
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
