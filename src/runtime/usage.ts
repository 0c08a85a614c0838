/** CPU and memory that something uses, and the time over which the CPU was measured. */
export interface Usage {
  /** CPU time used since the start, in milliseconds. */
  readonly cpuMs: number
  /** Thousandths of a CPU, on average over `windowMs`. */
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly windowMs: number
}

export interface ContainerUse extends Usage {
  readonly name: string
  /** Wall clock. */
  readonly startedAtMs: number
  readonly processes: number
}

export interface PodUse {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly startedAtMs: number
  readonly containers: readonly ContainerUse[]
}

/** What a node and its pods use, at one time. */
export interface NodeUse {
  /** Wall clock. */
  readonly atMs: number
  readonly node: Usage
  /** When the node's CPU time began to count, on the wall clock. */
  readonly startedAtMs: number
  readonly pods: readonly PodUse[]
}
