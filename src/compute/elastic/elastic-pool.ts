/** A pool that can have more workers or fewer. */
export interface ElasticPool {
  /** How many workers are wanted from now on. Those that there are too many go only by `retire`. */
  grow(count: number): Promise<void>
  /** Ends that worker, which was drained, and wants one fewer; without a name one that has not come yet. */
  retire(pod?: string): Promise<void>
}

/** Between which limits a session has workers. */
export interface ElasticLimits {
  /** Kept though there is nothing to do. Default 0. */
  readonly min: number
  readonly max: number
  /** How many have nothing to do while work runs, so that what a lost one was at goes on at once. Default 0. */
  readonly spare: number
  /** How long a worker has nothing to do before it leaves, in milliseconds. Default 10,000. */
  readonly idleMs: number
}
