/** The environment variables that a worker pod is given. */
export const WORKER_VARIABLES = {
  /** `unix:/path/of/socket`, `tcp:host:port` or `tls:host:port`. */
  address: 'SHOAL_COORDINATOR',
  /** The run's token, which both sides prove to hold. */
  token: 'SHOAL_TOKEN',
  /** The directory in which the run's authority, and the worker's certificate and key lie, for a coordinator elsewhere. */
  trust: 'SHOAL_TRUST',
  /** The address under which other pods reach this one. */
  host: 'SHOAL_HOST',
  /** How many threads run user code; as many as the machine has CPUs where absent. */
  threads: 'SHOAL_THREADS',
  /** Old generation of each thread's heap at most, in MiB; Node's own bound where absent. */
  threadHeapMiB: 'SHOAL_THREAD_HEAP_MIB',
  /** What its tasks may use together beside threads, as JSON: `{"gpu":1,"memory":1073741824}`. */
  resources: 'SHOAL_RESOURCES',
  pod: 'SHOAL_POD',
  node: 'SHOAL_NODE',
} as const
