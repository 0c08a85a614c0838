/** How much of a container's log is kept. */
export interface LogLimits {
  /** At which a file is put aside. */
  readonly maxBytes: number
  /** With the one that is written. */
  readonly maxFiles: number
}

/** The kubelet's. */
export const DEFAULT_LOG_LIMITS: LogLimits = { maxBytes: 10 * 1024 * 1024, maxFiles: 5 }
